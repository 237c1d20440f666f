/** Every step of every descriptor, one JSON object a line. */
import type { Sink } from '../../render/index.ts';
import type { Analysis } from '../collect/analysis.ts';
import type { Context } from '../calls/call.ts';
import type { Step } from '../tables/fds.ts';

export class EventLines {
  private readonly sink: Sink;
  private readonly context: Context;
  private count = 0;

  constructor(sink: Sink, context: Context) {
    this.sink = sink;
    this.context = context;
    this.write({ type: 'start', schemaVersion: '1.0' });
  }

  step({ what, tid, pid, slot, call, line, time }: Step): void {
    const { source, ms } = this.context.moment(line, time);
    const { fd, cloexec, how, description } = slot;
    const { target, site } = this.context.tell(slot);
    this.count++;
    this.write({ type: what, atMs: ms, pid, tid, fd, file: description.id, call, kind: description.kind, target, cloexec, how, ...(site !== '' && { site }), source });
  }

  finish(_analysis: Analysis): void {
    this.write({ type: 'end', complete: true, events: this.count });
  }

  private write(line: object): void {
    this.sink.write(`${JSON.stringify(line)}\n`);
  }
}
