/** Threads by their numbers, as lines name them: a line asks for one that had a line shortly before, nearly always. */
import type { Model } from '../tables/model.ts';
import type { Thread } from '../tables/types.ts';

/** Kept by the end of their number. */
const CACHED = 256;

export class RecentThreads {
  private readonly model: Model;
  private readonly pids = new Int32Array(CACHED).fill(-1);
  private readonly threads: (Thread | undefined)[] = new Array<Thread | undefined>(CACHED).fill(undefined);
  private changes = -1;

  constructor(model: Model) {
    this.model = model;
  }

  /** @param pid 0: lines without one are of the only one there is */
  of(pid: number): Thread | undefined {
    if (this.changes !== this.model.changes) {
      this.changes = this.model.changes;
      this.pids.fill(-1);
    }
    const at = pid & (CACHED - 1);
    if (this.pids[at] === pid) return this.threads[at];
    const all = this.model.threads;
    const thread = pid === 0 ? (all.get(0) ?? (all.size > 0 ? all.values().next().value : undefined)) : all.get(pid);
    if (thread !== undefined) {
      this.pids[at] = pid;
      this.threads[at] = thread;
    }
    return thread;
  }
}
