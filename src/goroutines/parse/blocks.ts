/**
 * The hot path: goroutine blocks of a text dump, byte by byte, without making strings of what was seen before. A stack is
 * recognised without arguments, offsets and ids; only the first goroutines of each stack are parsed.
 */
import type { Header } from './header.ts';
import { MOST_SAMPLES } from './group-table.ts';
import { type CachedHeader, Headers } from './headers.ts';
import { type Known, KnownGroups } from './known-groups.ts';
import { numberAt, pointerAt } from './pointers.ts';
import { RollCall } from './roll-call.ts';
import { argumentsFrom, NEEDS_MORE, StackScanner, startsWithWord, WORD } from './scan.ts';
import { holes, matchedEnd, StackTree } from './stack-tree.ts';

const LF = 10;
const CR = 13;
const SPACE = 32;
/** A goroutine without an end is no goroutine: a stack is cut at 100 frames by the runtime. */
const MOST_BLOCK_BYTES = 8 * 1024 * 1024;
/** A dump that is so many times smaller than the one before is a trace that somebody printed. */
const MUCH_LESS = 10;
/** There is no goroutine here. */
const NOT_ONE = -1;

export interface BlockResult {
  /** Bytes of `buffer` that were used: what follows belongs to a block that may go on. */
  used: number;
  /** The block at the end is not whole, or there is none: read on elsewhere. */
  more: boolean;
}

/** Reads goroutine blocks out of buffers. */
export class BlockReader {
  /** Dumps that came before, one behind the other in the same text. */
  repeats = 0;
  private now: KnownGroups;
  /** The last of those that was more than a trace or two. */
  private before: KnownGroups | undefined;
  private readonly keepRows: boolean;
  private readonly headers = new Headers<Known>();
  private tree = new StackTree<Known>();
  private readonly scanner = new StackScanner();
  private readonly roll = new RollCall();
  private view: DataView = new DataView(new ArrayBuffer(0));

  constructor(keepRows: boolean) {
    this.keepRows = keepRows;
    this.now = new KnownGroups(keepRows);
  }

  get table(): KnownGroups['table'] {
    return this.now.table;
  }

  get total(): number {
    return this.now.total;
  }

  get labelsDropped(): boolean {
    return this.now.labelsDropped;
  }

  /** The last block ran into the end of the text. */
  get cutAtEnd(): boolean {
    return this.scanner.cutAtEnd;
  }

  /** Of dumps that follow each other the last counts; what is only a trace of one goroutine is none. */
  settle(): void {
    const { before } = this;
    if (!before || this.now.total * MUCH_LESS >= before.total) return;
    this.now = before;
    this.before = undefined;
  }

  /** Once all of a whole dump was read: notes which goroutines have outlived those that started them. */
  noteParents(): void {
    this.roll.noteParents(this.table.groups);
  }

  private beginAnew(): void {
    this.repeats++;
    this.noteParents();
    if (!this.before || this.now.total * MUCH_LESS >= this.before.total) this.before = this.now;
    this.now = new KnownGroups(this.keepRows);
    this.roll.clear();
    this.headers.clear();
    this.tree = new StackTree();
  }

  /**
   * Reads blocks from `from` on as long as they follow each other.
   * @param last nothing follows the buffer
   * @returns where it stopped: at text that is no goroutine, or (`more`) at a block whose end is not here yet
   */
  read(buffer: Buffer, from: number, last: boolean): BlockResult {
    this.view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
    let at = from;
    for (;;) {
      while (at < buffer.length && (buffer[at] === LF || buffer[at] === CR)) at++;
      if (at >= buffer.length) return { used: at, more: true };
      if (!startsWithWord(buffer, at)) {
        // The word itself may be cut by the end of the chunk.
        return { used: at, more: !last && buffer.length - at < WORD.length && WORD.indexOf(buffer.subarray(at)) === 0 };
      }
      const end = this.block(buffer, at, last);
      if (end === NOT_ONE) return { used: at, more: false };
      if (end === NEEDS_MORE) {
        const fits = buffer.length - at < MOST_BLOCK_BYTES;
        return { used: at, more: fits };
      }
      at = end;
    }
  }

  /** One block; where it ends, or why there is none. */
  private block(buffer: Buffer, start: number, last: boolean): number {
    const headerEnd = buffer.indexOf(LF, start);
    if (headerEnd < 0 && !last) return NEEDS_MORE;
    const lineEnd = headerEnd < 0 ? buffer.length : headerEnd;
    let at = start + WORD.length;
    let c = buffer[at]!;
    let id = 0;
    const idStart = at;
    if (c === 45) c = buffer[++at]!;
    while (c >= 48 && c <= 57) {
      id = id * 10 + c - 48;
      c = buffer[++at]!;
    }
    if (at === idStart || c !== SPACE) return NOT_ONE;
    const header = buffer.toString('latin1', at, lineEnd);
    let cached = this.headers.of(header);
    if (!cached) return NOT_ONE;
    if (this.roll.isAnew(id)) {
      this.beginAnew();
      cached = this.headers.of(header)!;
    }
    const known = id === 0 ? undefined : this.tree.match(cached.stacks, buffer, this.view, lineEnd + 1);
    if (known) {
      this.roll.note(id);
      this.addMatched(buffer, known, cached.header, idStart, at);
      return matchedEnd;
    }
    return this.scanned(buffer, lineEnd + 1, cached, { id, text: buffer.toString('latin1', idStart, at) }, last);
  }

  /** A goroutine whose stack was recognised whole: without a string of its own, where none is kept. */
  private addMatched(buffer: Buffer, known: Known, header: Header, idStart: number, idEnd: number): void {
    const { group, line, offset, createdLine } = known;
    const object = line < 0 || holes[line]! < 0 ? -1 : pointerAt(buffer, holes[line]!, offset);
    const isSample = group.samples.length < MOST_SAMPLES;
    const id = isSample || this.keepRows ? buffer.toString('latin1', idStart, idEnd) : '';
    const parent = (isSample || this.keepRows) && createdLine >= 0 && holes[createdLine]! >= 0 ? numberAt(buffer, holes[createdLine]!) : undefined;
    if (isSample) this.addSample(buffer, known, header, { id, object, parent }, matchedEnd, (call) => holes[call]!);
    else this.now.count(group, header, id, object, parent);
  }

  /** With the arguments of its calls, where they are wanted. @param opensAt where those of the call in this line begin, negative without */
  private addSample(buffer: Buffer, { group, calls }: Known, header: Header, one: { id: string; object: number; parent: string | undefined }, end: number, opensAt: (line: number) => number): void {
    const { now } = this;
    const { words } = now;
    const start = words.next;
    words.globals = false;
    const isClose = now.wantsArguments(group);
    if (isClose) {
      for (const call of calls) {
        const from = opensAt(call);
        if (from < 0) words.addNone();
        else words.add(buffer, from, end);
      }
    }
    now.sample(group, header, one.id, one.object, start, isClose ? calls.length : 0, one.parent);
  }

  private scanned(buffer: Buffer, start: number, cached: CachedHeader<Known>, { id, text: idText }: { id: number; text: string }, last: boolean): number {
    const { scanner, now } = this;
    const end = scanner.scan(buffer, start, cached.seed, last);
    // g0 of the signalled thread: a stack, but no goroutine.
    if (end === NEEDS_MORE || id === 0) return end;
    this.roll.note(id);
    if (now.labelsDropped && cached.seed !== cached.seedUnlabelled) scanner.scan(buffer, start, cached.seedUnlabelled, last);
    const key = scanner.hash1 * 0x200000 + (scanner.hash2 & 0x1fffff);
    const seen = now.get(key);
    const known = seen ?? now.addNew(key, cached.header, linesOf(buffer.toString('latin1', start, end)));
    this.addScanned(buffer, end, known, cached.header, idText);
    // What comes once only, as with labels of its own, is not worth it.
    if (seen && !now.labelsDropped) this.tree.add(cached.stacks, buffer, scanner.lineStarts, scanner.lines, end, known);
    return end;
  }

  private addScanned(buffer: Buffer, end: number, known: Known, header: Header, id: string): void {
    const { group, line, offset, createdLine } = known;
    const { lines, lineStarts } = this.scanner;
    const opensAt = (call: number): number => (call < 0 || call >= lines ? -1 : argumentsFrom(buffer, lineStarts[call]!, end));
    const object = line < 0 || line >= lines ? -1 : pointerAt(buffer, opensAt(line), offset);
    const isSample = group.samples.length < MOST_SAMPLES;
    const parent = (isSample || this.keepRows) && createdLine >= 0 && createdLine < lines ? parentIn(buffer, lineStarts[createdLine]!, end) : undefined;
    if (isSample) this.addSample(buffer, known, header, { id, object, parent }, end, opensAt);
    else this.now.count(group, header, id, object, parent);
  }
}

function linesOf(text: string): string[] {
  return text.includes('\r') ? text.split(/\r?\n/) : text.split('\n');
}

const IN_GOROUTINE = Buffer.from(' in goroutine ');

function parentIn(buffer: Buffer, start: number, end: number): string | undefined {
  const at = buffer.indexOf(IN_GOROUTINE, start);
  return at < 0 || at >= end || buffer.indexOf(LF, start) < at ? undefined : numberAt(buffer, at + IN_GOROUTINE.length);
}
