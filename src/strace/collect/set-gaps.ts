/** Files that are missing in a set of strace -ff: children that somebody started and that have no file, files whose parent has none. */
import type { ByteString } from '../../evidence/types.ts';

/** Processes remembered at most. */
const MOST = 100_000;
/** The first call of what glibc forked or started as a thread: it was born while strace looked on, so its parent has a file. */
const BORN = /^(?:[\d:.]+ +|\(\+ *[\d.]+\) )*(?:set_robust_list|rseq)\(/;

export interface SetGap {
  /** Of the file that is not there; undefined for the parent of a stranger. */
  pid: number | undefined;
  words: string;
}

export class SetGaps {
  private readonly made = new Map<number, number>();

  started(child: number, parent: number): void {
    if (this.made.size < MOST) this.made.set(child, parent);
  }

  renamed(from: number, to: number): void {
    const parent = this.made.get(from);
    if (parent !== undefined && this.made.delete(from)) this.made.set(to, parent);
  }

  /** @param files pids of the files, with the beginning of each */
  find(files: ReadonlyMap<number, ByteString>): SetGap[] {
    const missing = [...this.made].filter(([pid]) => !files.has(pid));
    const strangers = [...files].filter(([pid, sample]) => !this.made.has(pid) && BORN.test(sample)).map(([pid]) => pid);
    // In a pid namespace of its own a parent sees other numbers than strace does: they are those of the strangers.
    if (missing.length > 0 && strangers.length >= missing.length) return [];
    return [
      ...missing.map(([pid, parent]): SetGap => ({ pid, words: `pid ${pid}, which pid ${parent} started, has no file` })),
      ...strangers.map((pid): SetGap => ({ pid: undefined, words: `pid ${pid} was started by a process that has no file: what it inherited is not known` })),
    ];
  }
}
