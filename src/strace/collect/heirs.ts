/** How long programs lived that got descriptors by exec: known with their end, and with that of the log. */
import type { ExecEvent } from '../../series/index.ts';

/** Events kept; what is told of more is that it is not known. */
const MOST = 2000;

export class Heirs {
  /** Of processes that are alive. */
  private readonly alive = new Map<number, ExecEvent[]>();
  private readonly ended: ExecEvent[] = [];

  started(pid: number, event: ExecEvent): void {
    const known = this.alive.get(pid);
    if (known) known.push(event);
    else if (this.alive.size < MOST) this.alive.set(pid, [event]);
  }

  /** @param now ms; null in a log without times */
  exits(pid: number, now: number | null): void {
    for (const event of this.alive.get(pid) ?? []) {
      if (now === null || event.at.ms === null || this.ended.length >= MOST) continue;
      event.livedMs = now - event.at.ms;
      this.ended.push(event);
    }
    this.alive.delete(pid);
  }

  /** The log ends. @param now ms */
  finish(now: number): void {
    for (const event of this.ended) event.goneMs = now - event.at.ms! - event.livedMs!;
  }
}
