/**
 * The hot path: goroutine blocks of a text dump, without making strings of what was seen before. A stack is recognised without
 * arguments, offsets and ids, by hashes; only the first goroutines of each stack are parsed.
 */
import type { Header } from './header.ts';
import { type CachedHeader, Headers } from './headers.ts';
import { type Known, KnownGroups } from './known-groups.ts';
import { numberAt, pointerAt } from './pointers.ts';
import { RollCall } from './roll-call.ts';
import { keyOf } from './stacks/hash.ts';
import { ROW, StackLexer } from './stacks/lexer.ts';
import { NEEDS_MORE, StackScanner, startsWithWord, WORD } from './stacks/scanner.ts';
import type { Words } from './words.ts';

const LF = 10;
const CR = 13;
const SPACE = 32;
/** A goroutine without an end is no goroutine: a stack is cut at 100 frames by the runtime. */
const MOST_BLOCK_BYTES = 8 * 1024 * 1024;
/** A dump that is so many times smaller than the one before is a trace that somebody printed. */
const MUCH_LESS = 10;
/** Less is read before what lexes it is set up. */
const LEAST_LEXED = 64 * 1024;
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
  /** Texts of others within stacks, which were left out. */
  foreignTexts = 0;
  private now: KnownGroups;
  /** The last of those that was more than a trace or two. */
  private before: KnownGroups | undefined;
  private readonly keepRows: boolean;
  private readonly headers = new Headers();
  private readonly scanner = new StackScanner();
  private lexer: StackLexer | undefined;
  private readonly roll = new RollCall();

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
  }

  /**
   * Reads blocks from `from` on as long as they follow each other.
   * @param last nothing follows the buffer
   * @returns where it stopped: at text that is no goroutine, or (`more`) at a block whose end is not here yet
   */
  read(buffer: Buffer, from: number, last: boolean): BlockResult {
    // Once it is set up it reads what is left of pieces, too.
    const lexer = (this.lexer ??= buffer.length - from < LEAST_LEXED ? undefined : StackLexer.create());
    lexer?.forget();
    let at = from;
    for (;;) {
      while (at < buffer.length && (buffer[at] === LF || buffer[at] === CR)) at++;
      if (at >= buffer.length) return { used: at, more: true };
      if (!startsWithWord(buffer, at)) {
        // The word itself may be cut by the end of the chunk.
        return { used: at, more: !last && buffer.length - at < WORD.length && WORD.indexOf(buffer.subarray(at)) === 0 };
      }
      const lexed = lexer ? this.lexed(lexer, buffer, at) : at;
      if (lexed > at) {
        at = lexed;
        continue;
      }
      const end = !last && lexer?.goesOn(buffer, at) ? NEEDS_MORE : this.block(buffer, at, last);
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
    const cached = this.headers.of(buffer.toString('latin1', at, lineEnd));
    if (!cached) return NOT_ONE;
    const { scanner } = this;
    const end = scanner.scan(buffer, lineEnd + 1, last);
    // g0 of the signalled thread: a stack, but no goroutine.
    if (end === NEEDS_MORE || id === 0) return end;
    const { hash, opens, lines, foreign } = scanner;
    if (foreign.length > 0) {
      this.foreignTexts += foreign.length / 2;
      this.block(without(buffer, start, end, foreign), 0, true);
      return end;
    }
    this.add(buffer, cached, { number: id, idFrom: idStart, idTo: at, from: lineEnd + 1, to: end, one: hash.one, two: hash.two, opens, base: 0, first: 0, lines });
    return end;
  }

  /** Many, one behind the other. Answers where they end; `at` where the one there is left to `block`. */
  private lexed(lexer: StackLexer, buffer: Buffer, at: number): number {
    const count = lexer.lex(buffer, at);
    const { rows, ids, opens, base } = lexer;
    for (let index = 0, row = 0; index < count; index++, row += ROW.words) {
      const idTo = base + rows[row + ROW.idTo]!;
      const headerTo = base + rows[row + ROW.headerTo]!;
      const cached = this.headers.hashed(rows[row + ROW.header1]!, rows[row + ROW.header2]!, buffer, idTo, headerTo);
      const idFrom = base + rows[row + ROW.idFrom]!;
      if (!cached) return idFrom - WORD.length;
      this.add(buffer, cached, {
        number: ids[(row >> 1) + ROW.id]!, idFrom, idTo, from: headerTo + 1, to: base + rows[row + ROW.to]!,
        one: rows[row + ROW.hash1]!, two: rows[row + ROW.hash2]!, opens, base, first: rows[row + ROW.firstOpen]!, lines: rows[row + ROW.lines]!, lexer,
      });
    }
    return count > 0 ? lexer.next : at;
  }

  private add(buffer: Buffer, { header, seed, seedUnlabelled }: CachedHeader, block: Block): void {
    const { number, one, two } = block;
    if (this.roll.isAnew(number)) this.beginAnew();
    this.roll.note(number);
    const { now } = this;
    const key = keyOf(one, two, now.labelsDropped ? seedUnlabelled : seed);
    const known = now.get(key) ?? now.addNew(key, header, linesOf(buffer.toString('latin1', block.from, block.to)));
    const { group, line, offset, createdLine } = known;
    const at = openOf(block, line);
    const object = at < 0 ? -1 : pointerAt(buffer, at, offset);
    const isSample = now.wantsSample(group);
    if (!isSample && !this.keepRows) {
      now.count(group, header, { id: '', number }, object, undefined);
      return;
    }
    const id = buffer.toString('latin1', block.idFrom, block.idTo);
    const parent = parentAt(buffer, openOf(block, createdLine));
    if (isSample) this.addSample(buffer, known, header, { id, number, object, parent }, block);
    else now.count(group, header, { id, number }, object, parent);
  }

  /** With the arguments of its calls, where they are wanted. */
  private addSample(buffer: Buffer, { group, calls }: Known, header: Header, one: { id: string; number: number; object: number; parent: string | undefined }, block: Block): void {
    const { now } = this;
    const { words } = now;
    const start = words.next;
    words.globals = false;
    const isClose = now.wantsArguments(group);
    if (isClose) addWords(words, calls, buffer, block);
    now.sample(group, header, one, one.object, start, isClose ? calls.length : 0, one.parent);
  }
}

/** Where in the buffer the parts of a goroutine are. */
interface Block {
  number: number;
  idFrom: number;
  idTo: number;
  /** Of its stack. */
  from: number;
  to: number;
  /** Its hashes. */
  one: number;
  two: number;
  /** Where in its lines begins what may differ: `lines` of them, from `first` on, `base` to be added. */
  opens: Int32Array;
  base: number;
  first: number;
  lines: number;
  /** What cut it, where `first` counts among its opens. */
  lexer?: StackLexer;
}

/** Of each of `calls`, lines of a stack, its arguments. */
function addWords(words: Words, calls: readonly number[], buffer: Buffer, block: Block): void {
  const { lexer, first, lines, to } = block;
  if (lexer?.readWords(first, lines)) {
    const { wordStarts } = lexer;
    for (const call of calls) {
      if (call < lines) words.take(lexer.words, wordStarts[call]!, wordStarts[call + 1]!);
      else words.addNone();
    }
    return;
  }
  for (const call of calls) {
    const from = openOf(block, call);
    if (from < 0) words.addNone();
    else words.add(buffer, from, to);
  }
}

/** @param ranges where each begins and ends */
function without(buffer: Buffer, from: number, to: number, ranges: readonly number[]): Buffer {
  const kept: Buffer[] = [];
  let at = from;
  for (let i = 0; i < ranges.length; i += 2) {
    kept.push(buffer.subarray(at, ranges[i]!));
    at = ranges[i + 1]!;
  }
  return Buffer.concat([...kept, buffer.subarray(at, to)]);
}

function openOf({ opens, base, first, lines }: Block, line: number): number {
  if (line < 0 || line >= lines) return -1;
  const open = opens[first + line]!;
  return open < 0 ? -1 : base + open;
}

function linesOf(text: string): string[] {
  return text.includes('\r') ? text.split(/\r?\n/) : text.split('\n');
}

const IN_GOROUTINE = Buffer.from(' in goroutine ');

/** @param at behind the name of the function that started it */
function parentAt(buffer: Buffer, at: number): string | undefined {
  if (at < 0) return undefined;
  for (let i = 0; i < IN_GOROUTINE.length; i++) if (buffer[at + i] !== IN_GOROUTINE[i]) return undefined;
  return numberAt(buffer, at + IN_GOROUTINE.length);
}
