/** A text dump out of a stream of bytes: finds where it begins, whatever it is wrapped in, and reads it piece by piece. */
import type { Cut, Dump } from '../../kernel/goroutines.ts';
import { BlockReader } from './blocks.ts';
import { parseHeader } from './header.ts';
import { Pieces } from './pieces.ts';
import { type Unwrap, unwrapperOf } from './unwrap.ts';

const LF = 10;
const WORD = Buffer.from('goroutine ', 'latin1');
const BLOCK_END = Buffer.from('\n\n', 'latin1');
const SMALL_CHUNK = 16 * 1024;
/** A longer line is skipped: nothing we know writes one, and it must not fill our memory. */
const LONGEST_LINE = 32 * 1024 * 1024;
/** From here on a line is joined once only. */
const LONG_LINE = 1024 * 1024;
/** What net/http/pprof and debug.Stack give up at (runtime/pprof.go writeGoroutineStacks). */
const GIVES_UP_BYTES = 64 * 1024 * 1024;
/** Lines without a clean one, after which the wrapping is taken to be over. */
const PATIENCE = 64;
const REASON = /^.*?((?:http: )?panic(?: serving \S+)?: .*|fatal error: .*|SIG[A-Z]+: .*|unexpected fault address .*)$/;
const LONGEST_REASON = 300;
const HEAD_BYTES = 8192;
const PLACE_BEGINS = Buffer.from('\t/', 'latin1');
const LEAST_ORPHAN = 8;
const ORPHAN = /^\t\/[^\s:]*:\d+ \+0x[\da-f]+/gm;
/** The place of a call in one of the first three lines, and no header before it. */
const BEGINS_WITHIN = /^(?!goroutine )(?:(?!goroutine )[^\n]{0,2000}\n){0,2}\t[^\s:]*\/[^\s:]*:\d+(?: \+0x[\da-f]+)?\r?\n/;

export class TextReader {
  private readonly blocks: BlockReader;
  private carry: Buffer = Buffer.alloc(0);
  /** Behind `carry`: more of a long line. */
  private pending: Buffer[] = [];
  private held = 0;
  private skipping = false;
  private unwrap: Unwrap | undefined;
  /** Clean text of a wrapped dump that is not read yet. */
  private clean = '';
  private barren = 0;
  private longLines = 0;
  private reason: string | undefined;
  private bytes = 0;
  private wrapped = false;
  private readonly pieces = new Pieces();
  /** Messages of a log of which only the beginning is there. */
  private cutMessages = 0;
  /** Places of calls between goroutines. */
  private orphans = 0;
  /** What the text begins with. */
  private head = '';

  constructor(keepRows: boolean) {
    this.blocks = new BlockReader(keepRows);
  }

  push(chunk: Buffer): void {
    this.bytes += chunk.length;
    if (this.head.length < HEAD_BYTES) this.head += chunk.toString('latin1', 0, HEAD_BYTES);
    this.read(this.pieces.push(chunk));
  }

  private read(chunk: Buffer): void {
    if (chunk.length === 0) return;
    let buffer = chunk;
    if (this.skipping) {
      const end = buffer.indexOf(LF);
      if (end < 0) return;
      this.skipping = false;
      buffer = buffer.subarray(end + 1);
    }
    if (this.held > LONG_LINE && buffer.indexOf(LF) < 0) {
      // Only the end of such a line makes it worth to be looked at again.
      this.hold(buffer);
      return;
    }
    // What was held goes on to the end of its goroutine: to join it with that, and not with all of the chunk, saves copying it.
    const end = this.held > 0 && buffer.length > SMALL_CHUNK ? buffer.indexOf(BLOCK_END) : -1;
    if (end >= 0) {
      this.take(buffer.subarray(0, end + BLOCK_END.length));
      buffer = buffer.subarray(end + BLOCK_END.length);
    }
    this.take(buffer);
  }

  private take(chunk: Buffer): void {
    // The memory of the chunk is not ours.
    this.carry = Buffer.from(this.consume(this.taken(chunk), false));
    this.hold(Buffer.alloc(0));
  }

  private hold(chunk: Buffer): void {
    if (chunk.length > 0) this.pending.push(Buffer.from(chunk));
    this.held = this.carry.length + this.pending.reduce((sum, { length }) => sum + length, 0);
    if (this.held <= LONGEST_LINE) return;
    this.longLines++;
    this.skipping = true;
    this.carry = Buffer.alloc(0);
    this.pending = [];
    this.held = 0;
  }

  /** What was held, and the chunk. */
  private taken(chunk: Buffer): Buffer {
    const all = this.held > 0 ? Buffer.concat([this.carry, ...this.pending, chunk]) : chunk;
    this.carry = Buffer.alloc(0);
    this.pending = [];
    this.held = 0;
    return all;
  }

  /** @returns undefined when there was no goroutine in all of it */
  end(broken?: Cut): Dump | undefined {
    this.read(this.pieces.end());
    if (!this.skipping) this.carry = this.consumeRest(this.taken(Buffer.alloc(0)));
    if (this.unwrap) this.flush(true);
    const rest = this.carry.subarray(this.carry.lastIndexOf(LF) + 1);
    const cutHeader = rest.length > 0 && /^goroutine( \d+( \[[^\]]*)?)?$/.test(rest.toString('latin1', 0, 300));
    const { cutAtEnd, repeats } = this.blocks;
    const cut = broken ?? this.cut(cutAtEnd || cutHeader);
    // Who is missing in a dump that is cut may live.
    if (!cut) this.blocks.noteParents();
    this.blocks.settle();
    const { table, total, labelsDropped, foreignTexts } = this.blocks;
    // A header alone is a sentence about a goroutine.
    if (table.groups.every(({ frames }) => frames.length === 0)) return undefined;
    table.finish();
    const notes: string[] = [];
    if (this.longLines > 0) notes.push(`${this.longLines === 1 ? 'one line of more than 32 MiB was skipped' : `${this.longLines} lines of more than 32 MiB were skipped`}`);
    if (repeats > 0) notes.push(`the text holds ${repeats + 1} dumps or traces one behind the other: only the last dump is judged (two files are compared with each other)`);
    if (foreignTexts > 0) notes.push(`other text stood within ${foreignTexts === 1 ? 'a stack' : `stacks, ${foreignTexts} times`}, as several threads of one stderr make it: it was left out, and lines may be missing with it`);
    if (this.orphans > 0) notes.push(`${this.orphans === 1 ? 'a line of a stack belongs' : `${this.orphans} lines of stacks belong`} to no goroutine that is told: goroutines, or parts of them, are missing`);
    if (labelsDropped) notes.push('so many stacks differ in their labels only that labels were left out');
    const goVersion = versionOf(table.groups.flatMap(({ frames }) => frames.map(({ file }) => file)));
    return {
      format: 'text',
      profile: table.groups.some(({ leaked }) => leaked > 0) ? 'goroutineleak' : 'goroutine',
      total,
      groups: table.groups,
      notes,
      bytes: this.bytes,
      ...(table.rows && { rows: table.rows }),
      ...(goVersion !== undefined && { goVersion }),
      ...(this.reason !== undefined && { reason: this.reason }),
      ...(cut && { cut }),
    };
  }

  /** @returns what a header that is cut is looked for in */
  private consumeRest(rest: Buffer): Buffer {
    this.consume(rest, true);
    return rest;
  }

  private cut(atEnd: boolean): Cut | undefined {
    const messages = this.cutMessages + this.pieces.unfinished;
    if (messages > 0) return { kind: 'mid-goroutine', detail: `of ${messages === 1 ? 'a message' : `${messages} messages`} of the log that this dump is in only the beginning is there` };
    if (!this.wrapped && this.bytes === GIVES_UP_BYTES) {
      return { kind: '64MiB', detail: 'the runtime gives up at exactly 64 MiB (67,108,864 bytes): what follows was never written' };
    }
    if (!this.wrapped && BEGINS_WITHIN.test(this.head)) return { kind: 'mid-goroutine', detail: 'the text begins within a goroutine: what stood before that is missing' };
    return atEnd && !this.wrapped ? { kind: 'mid-goroutine', detail: 'the text ends within a goroutine' } : undefined;
  }

  /** What is left of the buffer for the next chunk. */
  private consume(buffer: Buffer, last: boolean): Buffer {
    let at = 0;
    while (at < buffer.length) {
      if (this.unwrap) {
        const next = this.unwrapLines(buffer, at, last);
        if (next === undefined) return buffer.subarray(this.position);
        at = next;
        continue;
      }
      const word = buffer.indexOf(WORD, at);
      const lineStart = word < 0 ? -1 : buffer.lastIndexOf(LF, word) + 1;
      const skipped = word < 0 ? buffer.length : Math.max(lineStart, at);
      this.noteReason(buffer, at, skipped);
      this.noteOrphans(buffer, at, skipped);
      if (word < 0) return tail(buffer, at, last);
      if (lineStart === word || word === at) {
        const { used, more } = this.blocks.read(buffer, word, last);
        if (more) return buffer.subarray(used);
        if (used > word) {
          at = used;
          continue;
        }
      }
      const lineEnd = buffer.indexOf(LF, word);
      if (lineEnd < 0 && !last) return buffer.subarray(Math.max(lineStart, at));
      this.begin(buffer.toString('latin1', Math.max(lineStart, at), lineEnd < 0 ? buffer.length : lineEnd));
      at = this.unwrap ? Math.max(lineStart, at) : lineEnd < 0 ? buffer.length : lineEnd + 1;
    }
    return Buffer.alloc(0);
  }

  private begin(line: string): void {
    // A clean header whose stack is none is not wrapped in anything.
    const bare = /^goroutine -?\d+(.*)$/s.exec(line);
    if (bare && parseHeader(bare[1]!) && !/\\n/.test(line)) return;
    this.unwrap = unwrapperOf(line);
    this.barren = 0;
    if (this.unwrap) this.wrapped = true;
  }

  private position = 0;

  /** Lines of a wrapped dump. @returns where they end, or undefined when more is needed (`position` says from where) */
  private unwrapLines(buffer: Buffer, from: number, last: boolean): number | undefined {
    let at = from;
    while (at < buffer.length) {
      const newline = buffer.indexOf(LF, at);
      if (newline < 0 && !last) {
        this.position = at;
        return undefined;
      }
      const end = newline < 0 ? buffer.length : newline;
      const line = buffer.toString('latin1', at, end);
      const found = this.unwrap!(line);
      if (found === undefined || found.text === '') {
        if (++this.barren > PATIENCE || (found === undefined && this.startsAnother(line))) {
          this.flush(true);
          this.unwrap = undefined;
          return at;
        }
      } else {
        this.barren = 0;
        this.clean += found.text;
        if (found.isCut) this.cutMessages++;
        if (this.clean.length > 1024 * 1024) this.flush(false);
      }
      at = newline < 0 ? buffer.length : newline + 1;
    }
    this.position = at;
    return at;
  }

  private startsAnother(line: string): boolean {
    return line.includes('goroutine ') && unwrapperOf(line) !== undefined;
  }

  private flush(last: boolean): void {
    const buffer = Buffer.from(this.clean, 'latin1');
    let at = 0;
    while (at < buffer.length) {
      const word = at === 0 && buffer.indexOf(WORD) === 0 ? 0 : headerFrom(buffer, at);
      if (word < 0) {
        at = buffer.length;
        break;
      }
      this.noteOrphans(buffer, at, word);
      const { used, more } = this.blocks.read(buffer, word, last);
      at = used > word ? used : word + WORD.length;
      if (more) {
        at = used;
        break;
      }
    }
    this.clean = last ? '' : buffer.toString('latin1', at);
  }

  /** Between goroutines there is nothing of stacks, but that of the runtime itself. */
  private noteOrphans(buffer: Buffer, from: number, to: number): void {
    if (to - from < LEAST_ORPHAN || this.blocks.table.groups.length === 0 || buffer.indexOf(PLACE_BEGINS, from) < 0) return;
    const text = buffer.toString('latin1', from, to);
    if (!text.includes('runtime stack:')) this.orphans += text.match(ORPHAN)?.length ?? 0;
  }

  private noteReason(buffer: Buffer, from: number, to: number): void {
    if (to <= from || this.blocks.table.groups.length > 0) return;
    // The cause stands close before the first goroutine.
    const lines = buffer.toString('latin1', Math.max(from, to - 4096), to).split('\n');
    const found = lines.map((line) => REASON.exec(line)?.[1]).filter((text) => text !== undefined);
    // A panic out of a signal tells the signal in the line behind it: `[signal SIGSEGV: segmentation violation ...]`.
    const last = found.findLast((text) => !/^SIG[A-Z]+: .*\]\s*$/.test(text)) ?? found.at(-1);
    if (last === undefined) return;
    const tests = lines.slice(lines.findIndex((line) => line.trim() === 'running tests:') + 1 || lines.length).flatMap((line) => /^\t\t(\S.*)$/.exec(line)?.[1] ?? []);
    this.reason = withoutQuote(`${last.trim()}${tests.length > 0 ? `; running tests: ${tests.join(', ')}` : ''}`.slice(0, LONGEST_REASON));
  }
}

/** Of logs that put every message in quotes. */
function withoutQuote(text: string): string {
  return text.endsWith('"') && text.split('"').length % 2 === 0 ? text.slice(0, -1) : text;
}

function headerFrom(buffer: Buffer, from: number): number {
  for (let at = buffer.indexOf(WORD, from); at >= 0; at = buffer.indexOf(WORD, at + 1)) if (at === 0 || buffer[at - 1] === LF) return at;
  return -1;
}

/** Of text without the word only its last line may still get one. */
function tail(buffer: Buffer, from: number, last: boolean): Buffer {
  if (last) return Buffer.alloc(0);
  const line = buffer.lastIndexOf(LF) + 1;
  return buffer.subarray(Math.max(line, from));
}

function versionOf(files: readonly string[]): string | undefined {
  for (const file of files) {
    const match = /(?:toolchain@v[\d.]+-|\/sdk\/|\/)(go1\.\d+(?:\.\d+|rc\d+|beta\d+)?)(?:\.linux-\w+)?\/src\//.exec(file) ?? /\/usr\/lib\/go-(1\.\d+)\/src\//.exec(file);
    if (match) return match[1]!.startsWith('go') ? match[1]! : `go${match[1]!}`;
  }
  return undefined;
}
