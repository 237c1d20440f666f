/**
 * Whose child is a pid that was not seen before? Children run before the call that made them returns, so several calls may be
 * open that could have made one. Where that makes a difference, its lines wait until one of them returns its number.
 */
import { FORKS, forkOptions } from '../calls/processes.ts';
import type { Block } from '../read/block.ts';
import type { FilesTable } from '../tables/table.ts';
import type { ForkOptions, Model } from '../tables/model.ts';
import type { Thread } from '../tables/types.ts';

/** Lines kept for one newcomer. */
const MOST_LINES = 5000;

/** Children get higher numbers than their parents, but where numbers begin anew; in a namespace they are lower nearly always. */
const isInner = (child: number, parent: number): boolean => child < parent;

interface Parent {
  thread: Thread;
  name: string;
  args: string;
  /** The child it was given. */
  child: number | undefined;
  line: number;
}

export interface Waiting {
  /** Copies of the tables as they were when the newcomer was seen first. */
  tables: Map<Thread, FilesTable>;
  lines: { text: string; line: number }[];
}

export class Newcomers {
  readonly waiting = new Map<number, Waiting>();
  /** Numbers were returned that are those of another pid namespace. */
  sawNamespace = false;
  /** The child that the call returned, of which `returned` was told last. */
  child: Thread | undefined;
  private readonly model: Model;
  private readonly parents = new Map<Thread, Parent>();

  constructor(model: Model) {
    this.model = model;
  }

  /** A thread has entered a call that makes another one. */
  entered(thread: Thread, name: string, block: Block, from: number, to: number, line: number): void {
    if (FORKS.has(name)) this.parents.set(thread, { thread, name, args: block.slice(from, to), child: undefined, line });
  }

  get someoneForks(): boolean {
    return this.parents.size > 0;
  }

  /** The thread of a pid that has no thread; undefined when its lines have to wait. */
  arrive(tid: number): Thread | undefined {
    const free = [...this.parents.values()].filter(({ child }) => child === undefined);
    const [first] = free;
    if (!first) return this.ofAttached(tid) ?? this.ofNamespace(tid) ?? this.model.discover(tid);
    const options = forkOptions(first.name, first.args);
    const alike = free.every((other) => {
      const { sharesFiles, isThread } = forkOptions(other.name, other.args);
      return other.thread.table === first.thread.table && sharesFiles === options.sharesFiles && (!isThread || other.thread.pid === first.thread.pid) && isThread === options.isThread;
    });
    if (alike) {
      first.child = tid;
      return this.model.fork(first.thread, tid, options);
    }
    const tables = new Map<Thread, FilesTable>();
    for (const { thread, name, args } of free) if (!forkOptions(name, args).sharesFiles) tables.set(thread, this.model.fds.copy(thread.table));
    this.waiting.set(tid, { tables, lines: [] });
    return undefined;
  }

  private readonly attached = new Map<number, number>();

  /** `Process N attached with M threads`: their lines will come, and nothing else tells that they are its. */
  attachedWith(pid: number, threads: number): void {
    this.attached.set(pid, threads);
  }

  /** With more than one such process nobody knows whose a thread is. */
  private ofAttached(tid: number): Thread | undefined {
    const [only] = this.attached;
    if (only === undefined || this.attached.size > 1 || only[1] < 2) return undefined;
    const leader = this.model.threads.get(only[0]) ?? this.model.discover(only[0]);
    if (tid === only[0]) return leader;
    this.attached.set(only[0], only[1] - 1);
    return this.model.discoverThread(tid, leader);
  }

  /** Its parent was given a number of its own pid namespace: nobody has come with that, and no other child is missing. */
  private ofNamespace(tid: number): Thread | undefined {
    const child = this.model.unseenChild((own, parent) => isInner(own, parent) && tid > parent);
    if (child) {
      this.sawNamespace = true;
      this.model.rename(child, tid);
    }
    return child;
  }

  /** Keeps a line; false when there are too many to wait any longer. */
  keep(tid: number, text: string, line: number): boolean {
    const { lines } = this.waiting.get(tid)!;
    lines.push({ text, line });
    return lines.length < MOST_LINES;
  }

  /** The call has returned `tid`. Answers what was kept of its lines. */
  returned(thread: Thread, name: string, args: string, tid: number, line: number): Waiting['lines'] {
    const parent = this.parents.get(thread);
    this.parents.delete(thread);
    this.child = undefined;
    if (!(tid > 0)) return [];
    const waiting = this.waiting.get(tid);
    const known = this.model.threads.get(tid);
    this.child = known;
    if (!waiting && !known && isInner(tid, thread.tid)) {
      const outer = parent?.child ?? this.onlyWaiting();
      if (outer !== undefined && outer !== tid) return this.returnedInner(thread, forkOptions(name, args), outer);
    }
    // It was seen, and given to somebody, while the call was open.
    if (known && parent && !waiting && this.bornSince(known, parent.line, line)) {
      if (parent.child !== tid) this.swap(tid, parent.child);
      return [];
    }
    // Seen, and gone again.
    if (!known && parent?.child === tid && !waiting) return [];
    const table = waiting?.tables.get(thread);
    if (waiting) this.release(tid, table);
    this.child = this.model.fork(thread, tid, forkOptions(name, args), table);
    return waiting?.lines ?? [];
  }

  private onlyWaiting(): number | undefined {
    const [first, ...more] = this.waiting.keys();
    return more.length === 0 ? first : undefined;
  }

  /** The call returned a number of another namespace; its child was seen by the number strace knows. */
  private returnedInner(thread: Thread, options: ForkOptions, tid: number): Waiting['lines'] {
    this.sawNamespace = true;
    const waiting = this.waiting.get(tid);
    if (waiting) {
      const table = waiting.tables.get(thread);
      this.release(tid, table);
      this.model.fork(thread, tid, options, table);
    }
    this.child = this.model.threads.get(tid);
    return waiting?.lines ?? [];
  }

  private readonly births = new WeakMap<Thread, number>();

  /** Called for every new thread. */
  born(thread: Thread, line: number): void {
    this.births.set(thread, line);
  }

  private bornSince(thread: Thread, from: number, to: number): boolean {
    const at = this.births.get(thread) ?? 0;
    return at >= from && at <= to;
  }

  /** Two children of the same table were given to each other's parents. */
  private swap(tid: number, other: number | undefined): void {
    for (const parent of this.parents.values()) if (parent.child === tid) parent.child = other;
  }

  /** The call failed, or its thread is gone. */
  left(thread: Thread): void {
    this.parents.delete(thread);
  }

  /** Nobody will tell: the oldest open call is its parent. */
  settle(tid: number): Waiting['lines'] {
    const waiting = this.waiting.get(tid)!;
    const parent = [...this.parents.values()].find(({ child }) => child === undefined);
    if (parent) {
      parent.child = tid;
      const table = waiting.tables.get(parent.thread);
      this.release(tid, table);
      this.model.fork(parent.thread, tid, forkOptions(parent.name, parent.args), table).table.repairs++;
    } else {
      this.release(tid, undefined);
      this.model.discover(tid).table.repairs++;
    }
    return waiting.lines;
  }

  private release(tid: number, used: FilesTable | undefined): void {
    for (const table of this.waiting.get(tid)!.tables.values()) if (table !== used) this.model.fds.discard(table);
    this.waiting.delete(tid);
  }
}
