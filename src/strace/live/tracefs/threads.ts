/** Whose thread is whose, as the trace tells. */

const CLONE_THREAD = 0x10000;

/** What all threads of a process share. */
export interface Group {
  pid: number;
  tids: Set<number>;
  /** What it said to exit_group, or exit. */
  code: number | undefined;
  /** The signal that nothing handles. */
  fatal: number | undefined;
  /** Its first thread ended before others. */
  isLeaderGone: boolean;
  /** By descriptor: number of the event that made it, where nothing closed it since. */
  made: Map<number, number>;
  /** By descriptor: number of the event that bound it. */
  bound: Map<number, number>;
}

export interface Thread {
  tid: number;
  group: Group;
  /** `42 `, as its lines begin. */
  head: Buffer;
  /** Its call that was told as a first half, with its arguments; '' without. */
  name: string;
  args: number[];
  /** Number of its close that was entered last; -1 without. */
  closing: number;
  /** Descriptor of the bind that it is in. */
  binding: number;
}

export class Threads {
  readonly groups = new Map<number, Group>();
  private readonly all = new Map<number, Thread>();
  private last: Thread | undefined;

  of(tid: number): Thread {
    return this.last?.tid === tid ? this.last : (this.last = this.all.get(tid) ?? this.add(tid, tid));
  }

  add(tid: number, pid: number): Thread {
    let group = this.groups.get(pid);
    if (!group) this.groups.set(pid, (group = { pid, tids: new Set(), code: undefined, fatal: undefined, isLeaderGone: false, made: new Map(), bound: new Map() }));
    const thread: Thread = { tid, group, head: Buffer.from(`${tid} `), name: '', args: [], closing: -1, binding: -1 };
    group.tids.add(tid);
    this.all.set(tid, thread);
    return (this.last = thread);
  }

  /** @param flags of its clone */
  born(parent: number, child: number, flags: number): void {
    const isThread = (flags & CLONE_THREAD) !== 0;
    const { pid } = this.of(parent).group;
    // Numbers of processes come again.
    if (!isThread) this.groups.delete(child);
    this.add(child, isThread ? pid : child);
  }

  /** Answers its group, which is without it now. */
  end(tid: number): Group {
    const { group } = this.of(tid);
    group.tids.delete(tid);
    this.all.delete(tid);
    this.last = undefined;
    if (group.tids.size === 0) this.groups.delete(group.pid);
    return group;
  }

  /** A thread that starts a program takes the number of its process. */
  rename(tid: number, pid: number): void {
    this.of(tid).group.tids.delete(tid);
    this.all.delete(tid);
    this.add(pid, pid);
  }
}
