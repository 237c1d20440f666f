/**
 * Lives of descriptors and slow calls in the trace event format of Chrome, which Perfetto reads too
 * (https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU): a nestable async event per life.
 */
import type { Sink } from '../../render/index.ts';
import type { Analysis } from '../collect/analysis.ts';
import type { Context } from '../calls/call.ts';
import type { Step } from '../tables/fds.ts';
import type { FilesTable } from '../tables/table.ts';
import type { Slot, Thread } from '../tables/types.ts';

export class TraceFile {
  private readonly sink: Sink;
  private readonly context: Context;
  /**
   * Viewers look for an end in the process of its beginning, whose number may turn out to be another one meanwhile, and by its name: a
   * socket may be bound or connected by then.
   */
  private readonly begun = new WeakMap<Slot, { id: number; pid: number; name: string }>();
  private next = 1;
  private isFirst = true;

  private readonly programs = new Map<number, string>();

  constructor(sink: Sink, context: Context) {
    this.sink = sink;
    this.context = context;
    context.fds.onEnd = (table, thread) => this.processEnds(table, thread);
    sink.write('{"displayTimeUnit":"ms","traceEvents":[\n');
  }

  step({ what, pid, slot, call, time, line }: Step): void {
    if (what === 'open' || what === 'dup' || what === 'receive' || what === 'inherit' || what === 'found') this.begin(pid, slot, time, line, call);
    else if (what === 'close') this.end(slot, time, line, call);
  }

  private processEnds(table: FilesTable, thread: Thread): void {
    const { fds } = this.context;
    for (const slot of table.slots.values()) this.end(slot, fds.time, fds.line, 'exit');
    this.programs.set(thread.pid, this.context.actor(thread).label);
  }

  private begin(pid: number, slot: Slot, time: number, line: number, call: string): void {
    const id = this.next++;
    const { target, kind, site } = this.context.tell(slot);
    const name = `fd ${slot.fd} ${target || kind}`;
    this.begun.set(slot, { id, pid, name });
    this.write({ ph: 'b', cat: 'fd', id, name, pid, tid: slot.fd, ts: stamp(time, line), args: { call, kind, site, line: this.context.moment(line, time).source } });
  }

  private end(slot: Slot, time: number, line: number, call: string): void {
    const begun = this.begun.get(slot);
    if (begun === undefined) return;
    const { id, pid, name } = begun;
    const { target } = this.context.tell(slot);
    this.write({ ph: 'e', cat: 'fd', id, name, pid, tid: slot.fd, ts: stamp(time, line), args: { call, target, line: this.context.moment(line, time).source } });
  }

  finish({ follower, model }: Analysis): void {
    for (const { table } of model.tables()) for (const slot of table.slots.values()) this.end(slot, model.fds.time, model.fds.line, 'end of the log');
    const names = follower.names.text;
    for (const { name, actor, micros, time, line } of follower.stats.slowest) {
      this.write({ ph: 'X', cat: 'slow call', name: names[name], pid: actor.pid, tid: actor.tid, ts: stamp(time, line), dur: micros });
    }
    for (const { pid, program } of this.processes(model)) this.programs.set(pid, program);
    for (const [pid, program] of this.programs) this.write({ ph: 'M', name: 'process_name', pid, args: { name: program } });
    this.sink.write('\n]}\n');
  }

  private processes({ threads }: Analysis['model']): { pid: number; program: string }[] {
    return [...threads.values()].filter(({ tid, pid }) => tid === pid).map((thread) => ({ pid: thread.pid, program: this.context.actor(thread).label }));
  }

  private write(event: object): void {
    this.sink.write(`${this.isFirst ? '' : ',\n'}${JSON.stringify(event)}`);
    this.isFirst = false;
  }
}

/** µs; lines, where the log has no times. */
function stamp(time: number, line: number): number {
  return Number.isNaN(time) ? line : time;
}
