/** All logs of one run, as one sequence of lines: one file, several one after the other, or a set of strace -ff merged by time. */
import type { ByteString, LogInput } from '../../evidence/index.ts';
import type { Lexer } from '../lexer/lexer.ts';
import { readHead } from '../parse/head.ts';
import { newLine } from '../parse/line.ts';
import type { Block } from './block.ts';
import { LineReader } from './lines.ts';
import { hasTraceLine } from './recognise.ts';

/** Places in logs as one number: the file, then its line. Of the first file they stay small numbers, of which no objects are made. */
const LINES_PER_FILE = 2 ** 36;
/** Smaller ones are filled more often, and larger ones fall out of the cache. */
const WINDOW = 256 * 1024;
/** Windows between pauses: some milliseconds. */
const ROUNDS = 8;
/** Of each of many files. */
const SMALL_WINDOW = 16 * 1024;
const MANY = 8;

export interface LogFile {
  input: LogInput;
  /** Of a file of strace -ff; 0 of others. */
  pid: number;
}

export interface LineTaker {
  take(block: Block, from: number, to: number, pid: number, number: number): void;
  /** Lines that were read ahead; answers the first row that it leaves to `take`. @param number of the line before */
  takeRows?: (block: Block, row: number, end: number, pid: number, number: number) => number;
  /** Blocks handed out before are about to be overwritten. */
  settle(): void;
  /** Asked between windows: stop here? */
  isOver(): boolean;
  /** The last line of a file has no newline: numbers in it may be cut. */
  takeCut(block: Block, from: number, to: number, pid: number, number: number): void;
}

interface Source {
  reader: LineReader;
  pid: number;
  index: number;
  /** Place before its first line. */
  first: number;
  time: number;
  isOpen: boolean;
}

export class Logs {
  readonly readers: LineReader[];
  private readonly sources: Source[];
  private readonly merges: boolean;
  private readonly lexer: Lexer | undefined;

  /** @param merges by time; @param lexer reads lines ahead; each is taken without where there is none */
  constructor(files: readonly { reader: LineReader; pid: number }[], merges: boolean, lexer: Lexer | undefined) {
    this.merges = merges && files.length > 1;
    this.lexer = lexer;
    this.sources = files.map(({ reader, pid }, index) => ({ reader, pid, index, first: index === 0 ? 0 : index * LINES_PER_FILE, time: NaN, isOpen: true }));
    this.readers = files.map(({ reader }) => reader);
  }

  /** @param pause called now and then, so that signals get through */
  async run(taker: LineTaker, pause: () => Promise<void>): Promise<void> {
    if (this.merges) await this.runMerged(taker, pause);
    else for (const source of this.sources) await this.runOne(source, taker, pause);
  }

  private async runOne({ reader, pid, first }: Source, taker: LineTaker, pause: () => Promise<void>): Promise<void> {
    if (this.lexer) reader.attach(this.lexer, true);
    const { takeRows } = taker;
    const rows = this.lexer && takeRows ? (block: Block, row: number, end: number, number: number) => takeRows(block, row, end, pid, first + number) : undefined;
    for (let round = 0; ; round++) {
      for (;;) {
        if (rows) reader.skip(rows);
        if (!reader.advance()) break;
        if (reader.cut) taker.takeCut(reader.block, reader.from, reader.to, pid, first + reader.number);
        else taker.take(reader.block, reader.from, reader.to, pid, first + reader.number);
      }
      taker.settle();
      if (taker.isOver()) return;
      const more = reader.fill();
      if (!(typeof more === 'boolean' ? more : await more)) return;
      if (round % ROUNDS === ROUNDS - 1) await pause();
    }
  }

  /** The line with the earliest time next; of equals, that of the file named first. */
  private async runMerged(taker: LineTaker, pause: () => Promise<void>): Promise<void> {
    const head = newLine();
    const heap: Source[] = [];
    for (const source of this.sources) {
      if (this.lexer) source.reader.attach(this.lexer, false);
      if (await this.step(source, head, taker)) push(heap, source);
    }
    let lines = 0;
    for (let source = heap[0]; source; source = heap[0]) {
      const { reader, pid, first } = source;
      // Its lines up to the next file's time, without asking the heap.
      const until = nextTime(heap);
      do {
        const number = first + reader.number;
        if (reader.cut) taker.takeCut(reader.block, reader.from, reader.to, pid, number);
        else taker.take(reader.block, reader.from, reader.to, pid, number);
        source.isOpen = this.stepNow(source, head) || (await this.step(source, head, taker));
      } while (source.isOpen && source.time <= until && ++lines % 4096 !== 0);
      if (source.isOpen) sink(heap);
      else pop(heap);
      if (lines % 4096 === 0) {
        lines++;
        if (taker.isOver()) return;
        await pause();
      }
    }
    taker.settle();
  }

  private stepNow(source: Source, head: ReturnType<typeof newLine>): boolean {
    const { reader } = source;
    if (!reader.advance()) return false;
    readHead(head, reader.block.buf, reader.from, reader.to);
    // A stack, a dump: belongs to the line before.
    if (!Number.isNaN(head.time)) source.time = head.time;
    return true;
  }

  private async step(source: Source, head: ReturnType<typeof newLine>, taker: LineTaker): Promise<boolean> {
    while (!this.stepNow(source, head)) {
      taker.settle();
      if (!(await source.reader.fill())) return false;
    }
    return true;
  }
}

/** Readers of inputs, with the text of the first window of each. @param isKnown what they look like is: no sample is waited for */
export async function openReaders(inputs: readonly LogInput[], signal: AbortSignal, isKnown = false): Promise<{ readers: LineReader[]; samples: ByteString[] }> {
  const stopped = new Promise<0>((resolve) => {
    if (signal.aborted) resolve(0);
    else signal.addEventListener('abort', () => resolve(0), { once: true });
  });
  const readers = inputs.map((input) => new LineReader(input, inputs.length > MANY ? SMALL_WINDOW : WINDOW, stopped));
  for (const reader of readers) {
    await reader.fill();
    // Other words may come first: what the program itself writes, a line of any length.
    if (!isKnown && readers.length <= MANY) while (!hasTraceLine(reader.block.text) && reader.canGrow()) if (!(await reader.fill())) break;
  }
  return { readers, samples: readers.map(({ block }) => block.text) };
}

/** `app.strace:1041` of a place. */
export function placeOf(number: number, names: readonly string[]): string {
  return `${names[Math.floor(number / LINES_PER_FILE)] ?? names[0] ?? ''}:${number % LINES_PER_FILE}`;
}

const isBefore = (a: Source, b: Source): boolean => a.time < b.time || (!(b.time < a.time) && a.index < b.index);

function push(heap: Source[], source: Source): void {
  let at = heap.push(source) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!isBefore(source, heap[parent]!)) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = source;
}

/** The first has a later time now. */
function sink(heap: Source[]): void {
  const source = heap[0]!;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
    if (!isBefore(heap[child]!, source)) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = source;
}

function pop(heap: Source[]): void {
  const last = heap.pop()!;
  if (heap.length === 0) return;
  heap[0] = last;
  sink(heap);
}

function nextTime(heap: readonly Source[]): number {
  const times = [heap[1]?.time, heap[2]?.time].filter((time) => time !== undefined);
  return times.length === 0 ? Infinity : Math.min(...times);
}
