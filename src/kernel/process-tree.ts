import type { Evidence } from '../evidence/types.ts';
import { listPids } from './process.ts';
import { parseStat } from './proc/stat.ts';

/** Parent links of all visible processes, read once. */
export class ProcessTree {
  readonly parents = new Map<number, number>();
  private readonly childLists = new Map<number, number[]>();

  constructor(evidence: Evidence) {
    for (const pid of listPids(evidence)) {
      const stat = parseStat(evidence.read(`/proc/${pid}/stat`).value ?? '');
      // Kernel threads hold no descriptors and are nobody's workers.
      if (!stat || stat.kernelThread) continue;
      this.parents.set(pid, stat.ppid);
      const siblings = this.childLists.get(stat.ppid);
      if (siblings) siblings.push(pid);
      else this.childLists.set(stat.ppid, [pid]);
    }
  }

  children(pid: number): number[] {
    return this.childLists.get(pid) ?? [];
  }

  /** All below `pid`, nearest first, without itself. */
  descendants(pid: number): number[] {
    // Read one after the other while pids are used again: the links may form a circle.
    const found = new Set([pid]);
    for (const above of found) for (const child of this.children(above)) found.add(child);
    found.delete(pid);
    return [...found];
  }

  /** Those of `pids` whose parent is not among them: one root means one service. */
  roots(pids: readonly number[]): number[] {
    const members = new Set(pids);
    return pids.filter((pid) => !members.has(this.parents.get(pid) ?? 0));
  }
}
