/** How long programs lived that got descriptors by exec: known with their end, and with that of the log. */
import type { ExecEvent } from '../../series/index.ts';
import type { Description } from '../tables/description.ts';
import type { Thread } from '../tables/types.ts';

/** Events kept; what is told of more is that it is not known. */
const MOST = 2000;

export class Heirs {
  /** Of processes that are alive. */
  private readonly alive = new Map<number, ExecEvent[]>();
  private readonly ended: ExecEvent[] = [];
  /** Listeners that nobody is known to have meant for the program that got them. */
  private readonly unasked = new Map<Description, { pid: number; kept: ExecEvent['kept'][number] }[]>();

  started(pid: number, event: ExecEvent): void {
    const known = this.alive.get(pid);
    if (known) known.push(event);
    else if (this.alive.size < MOST) this.alive.set(pid, [event]);
  }

  /** @param description what the program got as `kept` of its event */
  got(pid: number, description: Description, kept: ExecEvent['kept'][number]): void {
    if (!kept.listening || kept.intended || this.unasked.size >= MOST) return;
    description.isKept = true;
    const known = this.unasked.get(description);
    if (known && known.length < MOST) known.push({ pid, kept });
    else if (!known) this.unasked.set(description, [{ pid, kept }]);
  }

  /** Who waits for connections of a listener it got, itself or by a child, knew of it: its environment or its number told. */
  serves({ pid, parent }: Thread, description: Description): void {
    const heirs = this.unasked.size === 0 ? undefined : this.unasked.get(description);
    for (const heir of heirs ?? []) if (heir.pid === pid || heir.pid === parent) heir.kept.intended = true;
  }

  /** @param now ms; null in a log without times; @param isOutlived it ends by itself, and somebody else still has the listeners and locks that it had */
  exits(pid: number, now: number | null, isOutlived: boolean): void {
    for (const event of this.alive.get(pid) ?? []) {
      event.isOutlived = isOutlived;
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
