/**
 * What was opened: addresses of names are all a trace shows, so each number that is still open is looked up in /proc. What was looked
 * up holds when no event up to that moment closed the number.
 */
import type { ByteString, Evidence } from '../../../evidence/types.ts';
import { O_CLOEXEC, parseFdInfo } from '../../../kernel/proc/fdinfo.ts';
import { addressAt } from '../addresses.ts';
import type { Definition } from './events.ts';
import { type Records, VALUES } from './records.ts';
import type { Group, Threads } from './threads.ts';

/** Calls that return a descriptor of something new. */
const MAKES = new Set([
  'open', 'openat', 'openat2', 'creat', 'socket', 'accept', 'accept4', 'epoll_create', 'epoll_create1', 'eventfd', 'eventfd2', 'timerfd_create', 'signalfd', 'signalfd4', 'inotify_init', 'inotify_init1',
  'fanotify_init', 'memfd_create', 'memfd_secret', 'userfaultfd', 'perf_event_open', 'io_uring_setup', 'pidfd_open', 'pidfd_getfd', 'open_by_handle_at', 'open_tree', 'fsopen', 'fspick', 'fsmount', 'mq_open',
]);

export interface Looked {
  /** Of a bind the address. */
  link: ByteString;
  cloexec: boolean;
  atNs: number;
}

/** What an event does. */
const DOES = { nothing: 0, makes: 1, closes: 2, replaces: 3, closesAll: 4, leavesClose: 5, bears: 6, binds: 7, hasBound: 8 } as const;

function doesOf({ what, name }: Definition): number {
  if (what === 'exit') return name === 'close' ? DOES.leavesClose : name === 'bind' ? DOES.hasBound : MAKES.has(name) ? DOES.makes : DOES.nothing;
  if (what === 'exec') return DOES.closesAll;
  if (what === 'newtask') return DOES.bears;
  if (what !== 'enter') return DOES.nothing;
  return name === 'close' ? DOES.closes : name === 'bind' ? DOES.binds : name === 'dup2' || name === 'dup3' ? DOES.replaces : name === 'close_range' ? DOES.closesAll : DOES.nothing;
}

export class Names {
  private readonly looked = new Map<number, Looked>();
  private readonly does: number[];
  private readonly definitions: readonly Definition[];
  private readonly records: Records;
  private readonly threads: Threads;
  private readonly evidence: Evidence;
  private readonly nowNs: () => number;

  constructor(records: Records, definitions: readonly Definition[], threads: Threads, evidence: Evidence, nowNs: () => number) {
    this.records = records;
    this.definitions = definitions;
    this.does = definitions.map(doesOf);
    this.threads = threads;
    this.evidence = evidence;
    this.nowNs = nowNs;
  }

  /** Of the event with this number. */
  of(number: number): Looked | undefined {
    return this.looked.size === 0 ? undefined : this.looked.get(number);
  }

  /** The next event, in the order of times. */
  take(number: number): void {
    const { records } = this;
    const at = records.place(number);
    const does = this.does[records.definition[at]!]!;
    if (does === DOES.nothing) return;
    const thread = this.threads.of(records.tid[at]!);
    const value = records.values[at * VALUES]!;
    const { group } = thread;
    const { made } = group;
    if (does === DOES.makes) {
      if (value >= 0) made.set(value, number);
    } else if (does === DOES.closes) {
      thread.closing = number;
      records.values[at * VALUES + 1] = 0;
      if (made.size > 0 || group.bound.size > 0) this.close(group, value, records.ns[at]!);
    } else if (does === DOES.replaces) this.close(group, records.values[at * VALUES + 1]!, records.ns[at]!);
    else if (does === DOES.closesAll) for (const fd of [...made.keys(), ...group.bound.keys()]) this.close(group, fd, records.ns[at]!);
    else if (does === DOES.binds) thread.binding = value;
    else if (does === DOES.hasBound) {
      if (value === 0 && thread.binding >= 0) group.bound.set(thread.binding, number);
      thread.binding = -1;
    } else if (does === DOES.bears) this.threads.born(thread.tid, value, records.values[at * VALUES + 1]!);
    else {
      // A close is told as one line: how it ended stands beside its argument.
      if (thread.closing >= records.first) records.values[records.place(thread.closing) * VALUES + 1] = value;
      thread.closing = -1;
    }
  }

  private close({ made, bound }: Group, fd: number, ns: number): void {
    for (const all of bound.size > 0 ? [made, bound] : [made]) {
      const number = all.get(fd);
      if (number === undefined) continue;
      all.delete(fd);
      if ((this.looked.get(number)?.atNs ?? 0) >= ns) this.looked.delete(number);
    }
  }

  /** Looks up what was made since, and is open as far as is known. @param from number of the first event that nobody looked for */
  look(from: number): void {
    for (const group of this.threads.groups.values()) {
      for (const [fd, number] of group.made) if (number >= from) this.ask(group.pid, fd, number);
      for (const [fd, number] of group.bound) if (number >= from) this.askBound(group.pid, fd, number);
    }
  }

  private askBound(pid: number, fd: number, number: number): void {
    const link = addressAt(this.evidence, pid, fd);
    if (link !== undefined) this.looked.set(number, { link, cloexec: false, atNs: this.nowNs() });
  }

  private ask(pid: number, fd: number, number: number): void {
    const at = this.records.place(number);
    // The first thread may have ended; another one may have a table of its own.
    for (const tid of new Set([this.records.tid[at]!, pid])) {
      const link = this.evidence.readlink(`/proc/${tid}/fd/${fd}`).value;
      if (link === undefined) continue;
      const isTold = this.definitions[this.records.definition[at]!]!.name !== 'openat2';
      const flags = isTold ? 0 : (parseFdInfo(this.evidence.read(`/proc/${tid}/fdinfo/${fd}`).value ?? '')?.flags ?? 0);
      this.looked.set(number, { link, cloexec: (flags & O_CLOEXEC) !== 0, atNs: this.nowNs() });
      return;
    }
  }

  /** Events were missed, or are not known yet: what was looked up since this number may be wrong. */
  doubt(from: number): void {
    for (const number of this.looked.keys()) if (number >= from) this.looked.delete(number);
  }

  /** Those before this number are known for good. */
  settle(until: number): void {
    for (const { made, bound } of this.threads.groups.values()) for (const all of [made, bound]) for (const [fd, number] of all) if (number < until) all.delete(fd);
  }

  /** Those before this number were told. */
  forget(until: number): void {
    for (const number of this.looked.keys()) if (number < until) this.looked.delete(number);
  }
}

