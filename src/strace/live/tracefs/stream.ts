/** From pages of the trace buffer to a log that is read while it grows. */
import type { KeptLog } from '../../../effects/raw-log.ts';
import type { LogInput } from '../../../evidence/index.ts';
import type { Evidence } from '../../../evidence/types.ts';
import type { Analysis } from '../../collect/analysis.ts';
import type { Seed } from '../seed.ts';
import type { Decoder } from './events.ts';
import { Merge } from './merge.ts';
import { Names } from './names.ts';
import { Records } from './records.ts';
import type { Source } from './source.ts';
import { StackLines } from './stack-lines.ts';
import { Threads } from './threads.ts';
import { Translator } from './translate.ts';

/** Younger events of one processor may still be written while those of another are read: a virtual one may stand still in between. */
const SETTLED_NS = 10e6;
/** Pages read at once of all processors together, and events that wait: some MiB of memory. */
const MOST_PAGES = 1024;
const MOST_WAITING = 50_000;
/** A sane table: who has no free number among so many gets a wrong one. */
const MOST_FDS = 2 ** 21;

/** As a message of strace: who replays what was kept sees where it came from. */
const HEADER = Buffer.from('strace: recorded by tracefs\n');

const nowNs = (): number => Number(process.hrtime.bigint());

export class Stream {
  readonly input: LogInput;
  private readonly source: Source;
  private readonly decoder: Decoder;
  private readonly kept: KeptLog | undefined;
  private readonly threads = new Threads();
  /** In the order of their times. */
  private readonly records = new Records();
  private readonly merge = new Merge(this.records);
  private readonly names: Names;
  private readonly translator: Translator;
  private analysis: Analysis | undefined;
  /** Number of the first event whose descriptor nobody looked for, and when that was done for those before. */
  private lookedTo = 0;
  private lookedNs = 0;
  /** Numbers of the first event that the names were not told of, and of the first that the translator was not. */
  private ordered = 0;
  private told = 0;
  private hasMore = false;
  private isBegun = false;
  private isOver = false;
  private isFinished = false;
  private left: Buffer | undefined;
  private wake: () => void = () => undefined;

  constructor(evidence: Evidence, source: Source, decoder: Decoder, kept: KeptLog | undefined) {
    this.source = source;
    this.decoder = decoder;
    this.kept = kept;
    const { records, threads } = this;
    const { definitions } = decoder;
    this.names = new Names(records, definitions, threads, evidence, nowNs);
    this.translator = new Translator(records, definitions, threads, {
      offsetMicros: Date.now() * 1000 - nowNs() / 1000,
      lowestFree: (tid, wanted) => this.lowestFree(tid, wanted),
      nameOf: (number) => this.names.of(number),
      stack: new StackLines(evidence),
    });
    this.input = { name: 'recording', size: undefined, position: () => 0, read: (into, at) => this.read(into, at), close: () => kept?.close() };
  }

  /** Where the numbers of pipes are looked for. */
  attach(analysis: Analysis): void {
    this.analysis = analysis;
  }

  knows(seeds: readonly Seed[]): void {
    for (const { pid, tids } of seeds) for (const tid of [pid, ...tids]) this.threads.add(tid, pid);
  }

  /** Of all that were seen to begin and not to end. */
  get pids(): number[] {
    return [...this.threads.groups.keys()];
  }

  /** Takes what is there. Told is what was there the time before: its names have been looked up since. Answers whether there is more. */
  drain(): boolean {
    // What nobody takes yet stays where it takes no memory of ours.
    if (this.translator.waiting < MOST_WAITING) this.drainAll(nowNs() - SETTLED_NS);
    else this.hasMore = true;
    return this.hasMore;
  }

  /** @param untilNs later events may have earlier ones beside them that are not there yet */
  private drainAll(untilNs: number): void {
    const left = this.source.drain((page, processor) => this.decoder.page(page, this.merge.lane(processor)), MOST_PAGES);
    // Of a processor that has more, nothing later is known.
    const settledNs = left.reduce((ns, processor) => Math.min(ns, this.merge.lastNs(processor)), untilNs);
    this.hasMore = left.length > 0;
    this.merge.run(settledNs);
    this.order();
    if (settledNs >= this.lookedNs) this.tell(this.lookedTo);
    if (!this.hasMore && this.told === this.lookedTo) this.look();
    // We are behind: names would come too late to be true, and all that waits for them would take memory.
    else if (this.records.end - this.lookedTo > MOST_WAITING) this.tellNow();
  }


  private order(): void {
    for (const { end } = this.records; this.ordered < end; this.ordered++) this.names.take(this.ordered);
  }

  private look(): void {
    this.names.look(this.lookedTo);
    this.lookedTo = this.records.end;
    this.lookedNs = nowNs();
  }

  private tellNow(): void {
    this.names.doubt(this.told);
    this.lookedTo = this.records.end;
    this.tell(this.lookedTo);
  }

  private tell(until: number): void {
    if (until <= this.told) return;
    this.told = until;
    this.names.settle(until);
    this.translator.tell(until);
    this.wake();
  }

  /** Stops the tracing; everything that was traced is told. */
  end(): void {
    this.drain();
    this.source.stop();
    do this.drainAll(Number.POSITIVE_INFINITY);
    while (this.hasMore);
    this.tell(this.records.end);
    this.isOver = true;
    this.wake();
  }

  private async read(into: Buffer, at: number): Promise<number> {
    for (;;) {
      this.left ??= this.more();
      if (this.left) {
        const bytes = this.left.copy(into, at);
        this.left = bytes < this.left.length ? this.left.subarray(bytes) : undefined;
        return bytes;
      }
      if (this.isOver) return 0;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  private more(): Buffer | undefined {
    // The first lines are read before there are tables to find free numbers in.
    let bytes = this.isBegun ? this.translator.take() : HEADER;
    this.isBegun = true;
    this.names.forget(this.records.first);
    if (bytes.length === 0 && this.isOver && !this.isFinished) {
      this.isFinished = true;
      bytes = this.translator.finish();
    }
    if (bytes.length === 0) return undefined;
    this.kept?.write(bytes);
    return bytes;
  }

  /** All lines before were taken: what is free in the table now is what the kernel gave out. */
  private lowestFree(tid: number, wanted: number): number[] {
    const slots = this.analysis?.model.threads.get(tid)?.table.slots;
    const found: number[] = [];
    for (let fd = 0; found.length < wanted && fd < MOST_FDS; fd++) if (!slots?.has(fd)) found.push(fd);
    return found;
  }
}
