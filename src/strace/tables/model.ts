/** All threads and tables of a log: who is whose child, who shares with whom, what exec and exit do. */
import type { ByteString } from '../../evidence/types.ts';
import { Fds } from './fds.ts';
import { flat } from './flat.ts';
import type { FilesTable } from './table.ts';
import type { Slot, Thread } from './types.ts';

/** Children that no line was ever seen of (a log without -f): only so many are kept. */
const MOST_UNSEEN = 256;

export type Ending = 'exit' | 'killed' | 'exec' | 'log';

/** What is known of an exec beside the program. */
export interface ExecCircumstances {
  /** As it is written; undefined where the log does not show it (strace -v). */
  env: ByteString | undefined;
  argv: ByteString;
  /** What ran before. */
  before: string;
}

/** What others want to know of the lives of processes. */
export interface ModelListener {
  /** Before the threads of a table are gone, or its program is another one. */
  tableEnds(thread: Thread, table: FilesTable, how: Ending, detail: string): void;
  execs(thread: Thread, path: ByteString, kept: readonly Slot[], circumstances: ExecCircumstances): void;
  forks(parent: Thread, child: Thread, shares: boolean): void;
  exits(thread: Thread, how: 'exit' | 'killed', detail: string, isLast: boolean): void;
  /** A thread turned out to have another number. */
  renamed(from: number, to: number): void;
}

export interface ForkOptions {
  sharesFiles: boolean;
  isThread: boolean;
}

export class Model {
  readonly fds: Fds;
  readonly threads = new Map<number, Thread>();
  /** How often `threads` was changed. */
  changes = 0;
  /** Processes that ended. */
  ended = 0;
  listener: ModelListener | undefined;
  private nets = 0;
  private readonly unseen = new Set<Thread>();
  /** Processes whose threads may have several tables. */
  private readonly apart = new Set<number>();

  constructor(isTimed: boolean) {
    this.fds = new Fds(isTimed);
  }

  /** A process of which nothing is known: it was there before the log, or is the one that strace started. */
  discover(tid: number): Thread {
    const thread = this.newThread(tid, tid, this.fds.newTable(), 0);
    for (const fd of [0, 1, 2]) this.fds.found(thread, fd, '', 'unknown').assumed = true;
    thread.table.isFound = true;
    return thread;
  }

  /** A thread of a process that was there before the log, and whose table is known. */
  discoverThread(tid: number, leader: Thread): Thread {
    const thread = this.newThread(tid, leader.pid, leader.table, 0);
    thread.program = leader.program;
    thread.limit = leader.limit;
    thread.net = leader.net;
    return thread;
  }

  /** Both turn out to use one table: what only the first one had is there too. The lower number of a thread is taken for that of the process. */
  join(from: FilesTable, into: FilesTable): void {
    this.fds.ledger.join(from.lives, into.lives, this.fds.sites.all.length);
    for (const slot of from.slots.values()) {
      if (into.slots.has(slot.fd)) slot.description.holders--;
      else {
        into.slots.set(slot.fd, slot);
      }
    }
    const pid = Math.min(...[...from.users, ...into.users].map((thread) => thread.pid));
    for (const thread of from.users) {
      into.users.add(thread);
      thread.table = into;
    }
    for (const thread of into.users) thread.pid = pid;
    from.users.clear();
    if (into.slots.size > into.most) into.most = into.slots.size;
    into.repairs += from.repairs;
  }

  private newThread(id: number, process: number, table: FilesTable, parent: number): Thread {
    // What a call returned could be NaN and is kept in another way than small numbers, as here and in slots: with the first of them all compiled code would be made anew.
    const tid = id | 0;
    const pid = process | 0;
    const thread: Thread = {
      tid, pid, table, program: '', isSeen: false, firstTime: this.fds.time, line: this.fds.line, beforeExec: false, parent,
      pending: undefined, half: { name: 0, matters: false, args: '', window: undefined, from: 0, to: 0, pathFrom: 0, pathTo: 0, pathId: 0, pathCloexec: 0, listed: false, fd: NaN, time: NaN, line: 0, closed: undefined },
      run: { last: 0, step: 0, length: 0, bad: undefined }, limit: null, net: 0,
    };
    // A pid that is given out again before we saw its end.
    const old = this.threads.get(tid);
    if (old) this.exit(old, 'exit', '');
    table.users.add(thread);
    this.changes++;
    this.threads.set(tid, thread);
    return thread;
  }

  /** @param table the copy, when it was made before (the child was seen first) */
  fork(parent: Thread, tid: number, { sharesFiles, isThread }: ForkOptions, table?: FilesTable): Thread {
    const own = sharesFiles ? parent.table : (table ?? this.fds.copy(parent.table));
    const child = this.newThread(tid, isThread ? parent.pid : tid, own, parent.tid);
    child.program = parent.program;
    child.limit = parent.limit;
    child.net = parent.net;
    child.beforeExec = !isThread;
    if (!sharesFiles) parent.table.lastFork = { line: this.fds.line, time: this.fds.time, child: child.tid, tid: parent.tid };
    this.unseen.add(child);
    if (this.unseen.size > MOST_UNSEEN) this.forget(this.unseen.values().next().value!);
    this.listener?.forks(parent, child, sharesFiles);
    return child;
  }

  /** From now on it is in a network namespace that no other is known to be in: its addresses are others. */
  leaveNet(thread: Thread): void {
    thread.net = ++this.nets;
  }

  /** It is known by another number from now on, and so is its process when it was named by it. */
  rename(thread: Thread, tid: number): void {
    this.changes++;
    this.threads.delete(thread.tid);
    this.threads.set(tid, thread);
    this.listener?.renamed(thread.tid, tid);
    if (thread.pid === thread.tid) thread.pid = tid;
    thread.tid = tid;
  }

  /** The oldest child without a line of its own. @param fits asked with its number and that of its parent */
  unseenChild(fits: (tid: number, parent: number) => boolean): Thread | undefined {
    for (const child of this.unseen) if (fits(child.tid, child.parent)) return child;
    return undefined;
  }

  /** The thread has a line of its own. */
  seen(thread: Thread): void {
    thread.isSeen = true;
    thread.firstTime = this.fds.time;
    this.unseen.delete(thread);
  }

  private forget(thread: Thread): void {
    this.unseen.delete(thread);
    this.changes++;
    this.threads.delete(thread.tid);
    thread.table.users.delete(thread);
    if (thread.table.users.size === 0) this.fds.end(thread.table, thread);
  }

  /** unshare(CLONE_FILES), and what exec and CLOSE_RANGE_UNSHARE do. */
  unshare(thread: Thread): void {
    const { table } = thread;
    if (table.users.size < 2) return;
    const fresh = this.fds.copy(table, false);
    this.apart.add(thread.pid);
    table.users.delete(thread);
    fresh.users.add(thread);
    thread.table = fresh;
  }

  /** The exec of another thread goes on under the number of the leader: the program is the leader's, the table is the thread's. */
  takeOver(leader: Thread, other: Thread): void {
    const { table } = leader;
    if (other.table !== table) {
      this.leave(leader);
      leader.table = other.table;
      leader.table.users.add(leader);
      this.apart.add(leader.pid);
    }
    this.drop(other);
  }

  /** A thread has no use for its table any more; with its last user a table is closed. */
  private leave(thread: Thread): void {
    const { table } = thread;
    table.users.delete(thread);
    if (table.users.size > 0) return;
    this.listener?.tableEnds(thread, table, 'exec', '');
    this.fds.end(table, thread);
  }

  /** Threads of its process, but for itself: those that share its table, and those that left it. */
  private others(thread: Thread): Thread[] {
    const among = this.apart.delete(thread.pid) ? this.threads.values() : thread.table.users;
    return [...among].filter((other) => other !== thread && other.pid === thread.pid);
  }

  /** A new program: other threads of the process are gone, so are the numbers with CLOEXEC. */
  exec(thread: Thread, path: ByteString, { env, argv }: Pick<ExecCircumstances, 'env' | 'argv'>, line: number): void {
    for (const other of this.others(thread)) {
      if (other.table !== thread.table) this.leave(other);
      this.drop(other);
    }
    this.unshare(thread);
    const old = thread.table;
    // With the exec as its first line a process is the one that strace started: what it has passed that exec.
    const isFirst = line === thread.line;
    this.listener?.tableEnds(thread, old, 'exec', '');
    for (const slot of old.slots.values()) if (slot.cloexec === true) this.fds.close(thread, slot, 'execve');
    const fresh = this.fds.newTable();
    // The numbers go over as they are: nothing was opened or closed.
    for (const slot of old.slots.values()) {
      fresh.slots.set(slot.fd, slot);
      slot.how = slot.how === 'pre-existing' ? slot.how : 'inherited';
      slot.forks = 0;
      slot.lives = -1;
      if (slot.cloexec === null && (isFirst || slot.how !== 'pre-existing')) slot.cloexec = false;
    }
    fresh.most = fresh.slots.size;
    fresh.repairs = old.repairs;
    fresh.isComplete = true;
    fresh.cloexecBefore = false;
    old.users.delete(thread);
    this.fds.ledger.end(old.lives);
    fresh.users.add(thread);
    thread.table = fresh;
    const kept = !isFirst ? fresh.slots.values().filter(({ fd }) => fd > 2) : [];
    const program = flat(path);
    const before = thread.program;
    if (path !== '') thread.program = program;
    this.listener?.execs(thread, program, kept, { env, argv, before });
    thread.beforeExec = false;
    thread.firstTime = this.fds.time;
  }

  /** @param detail exit code, or the name of the signal */
  exit(thread: Thread, how: 'exit' | 'killed', detail: string): void {
    const { table } = thread;
    const isLast = table.users.size === 1;
    if (isLast) this.listener?.tableEnds(thread, table, how, detail);
    this.listener?.exits(thread, how, detail, isLast);
    this.drop(thread);
    if (!isLast) return;
    this.ended++;
    this.apart.delete(thread.pid);
    this.fds.end(table, thread);
  }

  drop(thread: Thread): void {
    thread.table.users.delete(thread);
    this.unseen.delete(thread);
    this.changes++;
    if (this.threads.get(thread.tid) === thread) this.threads.delete(thread.tid);
  }

  /** From now on sites have counted all that was opened and closed so far. */
  settle(): void {
    for (const site of this.fds.sites.all) Object.assign(site, this.fds.ledger.totals(site.id));
  }

  /** Tables that are in use, each with one of its threads (the leader, when it is there). */
  tables(): { thread: Thread; table: FilesTable }[] {
    const found = new Map<FilesTable, Thread>();
    for (const thread of this.threads.values()) {
      const known = found.get(thread.table);
      if (!known || thread.tid === thread.pid) found.set(thread.table, thread);
    }
    return [...found].map(([table, thread]) => ({ table, thread }));
  }
}
