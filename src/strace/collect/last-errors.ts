/** How long processes went on after they had used what was closed: known with their end. */
import type { BadFdEvent } from '../../series/index.ts';

/** Events kept; of more it is not known. */
const MOST = 2000;

export class LastErrors {
  private readonly ofPid = new Map<number, BadFdEvent[]>();
  private kept = 0;

  made(event: BadFdEvent): void {
    if (this.kept >= MOST) return;
    this.kept++;
    const known = this.ofPid.get(event.actor.pid);
    if (known) known.push(event);
    else this.ofPid.set(event.actor.pid, [event]);
  }

  /** @param now ms; null in a log without times */
  exits(pid: number, now: number | null): void {
    if (this.kept === 0) return;
    for (const event of this.ofPid.get(pid) ?? []) if (now !== null && event.at.ms !== null) event.endedAfterMs = now - event.at.ms;
    this.ofPid.delete(pid);
  }
}
