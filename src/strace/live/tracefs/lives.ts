/** What threads live through, as lines of strace: born, another program, a signal, an end. */
import type { What } from './events.ts';
import type { LineWriter } from './line-writer.ts';
import { type Records, VALUES } from './records.ts';
import type { Group, Threads } from './threads.ts';
import type { Surroundings } from './translate.ts';
import { signalName, stringOf } from './words.ts';

export const CLONE_PIDFD = 0x1000;

export class Lives {
  private readonly records: Records;
  private readonly threads: Threads;
  private readonly around: Surroundings;
  private readonly out: LineWriter;

  constructor(records: Records, threads: Threads, around: Surroundings, out: LineWriter) {
    this.records = records;
    this.threads = threads;
    this.around = around;
    this.out = out;
  }

  tell(what: What, number: number, at: number): void {
    if (what === 'newtask') this.born(at);
    else if (what === 'exec') this.started(number, at);
    else if (what === 'end') this.ended(at);
    else if (what === 'signal') this.signalled(at);
  }

  private micros(at: number): number {
    return Math.floor(this.records.ns[at]! / 1000 + this.around.offsetMicros);
  }

  private line(at: number, words: string, tid = this.records.tid[at]!): void {
    this.out.begin(this.threads.of(tid).head, this.micros(at));
    this.out.text(words);
    this.out.end();
  }

  private born(at: number): void {
    const { tid, values } = this.records;
    const flags = values[at * VALUES + 1]!;
    const pidfd = flags & CLONE_PIDFD ? `, pidfd=[${this.around.lowestFree(tid[at]!, 1)[0]}]` : '';
    this.line(at, `clone(child_stack=NULL, flags=0x${flags.toString(16)}${pidfd}) = ${values[at * VALUES]}`);
  }

  private started(number: number, at: number): void {
    const { values, texts } = this.records;
    const pid = values[at * VALUES]!;
    const before = values[at * VALUES + 1]!;
    if (before !== pid) {
      this.line(at, `+++ superseded by execve in pid ${before} +++`, pid);
      this.threads.rename(before, pid);
    }
    const thread = this.threads.of(pid);
    thread.name = '';
    // The kernel ended the other threads, the first one too, by a signal of its own: nobody's end.
    Object.assign(thread.group, { isLeaderGone: false, fatal: undefined, code: undefined });
    this.around.stack.forget(pid);
    this.line(at, `execve(${stringOf(texts.get(number) ?? '')}, [], 0x0) = 0`, pid);
  }

  private signalled(at: number): void {
    const { tid, values } = this.records;
    const name = signalName(values[at * VALUES]!);
    if (values[at * VALUES + 1] === 0) this.threads.of(tid[at]!).group.fatal = values[at * VALUES]!;
    this.line(at, `--- ${name} {si_signo=${name}} ---`);
  }

  private ended(at: number): void {
    const tid = this.records.tid[at]!;
    const group = this.threads.end(tid);
    // Of a process that goes on in another thread, which may be about to start a program in its place.
    if (tid === group.pid && group.tids.size > 0) {
      group.isLeaderGone = true;
      return;
    }
    this.fate(at, tid, group);
    if (group.tids.size > 0) return;
    this.around.stack.forget(group.pid);
    if (group.isLeaderGone) this.fate(at, group.pid, group);
  }

  private fate(at: number, tid: number, { code, fatal }: Group): void {
    const { out } = this;
    out.begin(Buffer.from(`${tid} `), this.micros(at));
    out.text(code === undefined && fatal !== undefined ? `+++ killed by ${signalName(fatal)} +++` : `+++ exited with ${code ?? 0} +++`);
    out.end();
  }
}
