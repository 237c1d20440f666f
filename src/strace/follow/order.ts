/**
 * Order among threads in a set of strace -ff. A line there has the time of the entry of its call, and the number that an open returns
 * is given out later: another thread may close that number in between. So an open waits, where threads share a table: until it has
 * returned (-T), until its thread goes on, or until somebody uses what it opened.
 */
import type { ByteString } from '../../evidence/types.ts';
import { FORKS } from '../calls/processes.ts';
import { fdList, splitArgs, unnamed } from '../parse/args.ts';
import { KIND, newLine } from '../parse/line.ts';
import type { Scanner } from '../parse/scan.ts';
import { Block } from '../read/block.ts';
import type { Model } from '../tables/model.ts';
import type { FilesTable } from '../tables/table.ts';
import type { LogTime } from './log-time.ts';

const OPENERS = new Set([
  'open', 'openat', 'openat2', 'creat', 'dup', 'fcntl', 'fcntl64', 'socket', 'accept', 'accept4', 'epoll_create', 'epoll_create1', 'eventfd', 'eventfd2', 'timerfd_create', 'signalfd', 'signalfd4',
  'inotify_init', 'inotify_init1', 'fanotify_init', 'memfd_create', 'pidfd_open', 'pidfd_getfd', 'pipe', 'pipe2', 'socketpair', 'recvmsg', 'recvmmsg', 'perf_event_open', 'bpf', 'mq_open', 'userfaultfd',
]);
const PAIRS = /^(?:pipe2?|socketpair)$/;
/** These may have waited long: they are not taken for done when somebody forks. */
const WAITING = /^(?:accept4?|recvm?msg)$/;
/** The descriptor is not their first argument alone. */
const SECOND: Record<string, number> = { epoll_ctl: 2, sendfile: 1, dup2: 1, dup3: 1, splice: 2 };

interface Held {
  pid: number;
  table: FilesTable;
  name: string;
  fds: number[];
  text: ByteString;
  number: number;
  /** µs; Infinity where the log does not tell. */
  returnsAt: number;
}

export class Order {
  /** Calls whose threads share a table: their order may stay unknown. */
  shared = 0;
  private readonly held = new Map<number, Held>();
  private readonly model: Model;
  private readonly scanner: Scanner;
  private readonly clock: LogTime;
  private readonly pass: (block: Block, from: number, to: number, pid: number, number: number) => void;
  private readonly line = newLine();

  /** @param pass takes a line now, whatever its time */
  constructor(model: Model, scanner: Scanner, clock: LogTime, pass: Order['pass']) {
    this.clock = clock;
    this.model = model;
    this.scanner = scanner;
    this.pass = pass;
  }

  take(block: Block, from: number, to: number, pid: number, number: number): void {
    const own = this.held.get(pid);
    if (own) this.release(own);
    const table = this.model.threads.get(pid)?.table;
    if (table !== undefined && table.users.size > 1) {
      this.shared++;
      this.scanner.scan(this.line, block.buf, block.text, from, to);
      if (this.mayWait(block, pid, table, number, from, to)) return;
      if (this.held.size > 0) this.releaseBefore(block.text, table);
    }
    this.pass(block, from, to, pid, number);
  }

  private mayWait({ text }: Block, pid: number, table: FilesTable, number: number, from: number, to: number): boolean {
    const line = this.line;
    if (line.kind !== KIND.call || !(line.value >= 0) || Number.isNaN(line.time)) return false;
    const name = this.scanner.names.text[line.name]!;
    if (!OPENERS.has(name)) return false;
    const args = text.slice(line.argsFrom, line.argsTo);
    const fds = fdsOf(name, args, line.value);
    if (fds.length === 0) return false;
    this.held.set(pid, { pid, table, name, fds, text: Buffer.from(text.slice(from, to), 'latin1').toString('latin1'), number, returnsAt: line.time + (Number.isNaN(line.duration) ? Infinity : line.duration) });
    return true;
  }

  /** What must have happened before the call of `line`. */
  private releaseBefore(text: ByteString, table: FilesTable): void {
    const line = this.line;
    const model = this.model;
    const name = line.kind <= KIND.unfinished ? this.scanner.names.text[line.name]! : '';
    const used = name === '' ? [] : usedBy(name, text.slice(line.argsFrom, line.argsTo));
    const isFork = FORKS.has(name);
    const ready = [...this.held.values()].filter(
      (held) => held.table === table && (held.returnsAt <= line.time || (isFork && !WAITING.test(held.name)) || held.fds.some((fd) => used.includes(fd) && !table.slots.has(fd))),
    );
    for (const held of ready.sort((a, b) => a.returnsAt - b.returnsAt || a.number - b.number)) if (model.threads.get(held.pid)?.table === table) this.release(held);
  }

  private release({ pid, text, number }: Held): void {
    this.held.delete(pid);
    const block = Block.of(text);
    this.clock.isLate = true;
    this.pass(block, 0, block.length, pid, number);
    this.clock.isLate = false;
  }

  /** Is a number of this table given out in a call that waits here? Then what is below it may be free. */
  waits(table: FilesTable): boolean {
    for (const held of this.held.values()) if (held.table === table) return true;
    return false;
  }

  finish(): void {
    for (const held of [...this.held.values()]) this.release(held);
  }
}

function fdsOf(name: string, args: ByteString, value: number): number[] {
  if (PAIRS.test(name)) return fdList(splitArgs(args).map(unnamed).find((arg) => arg.startsWith('[')) ?? '').map(({ fd }) => fd);
  if (name === 'recvmsg' || name === 'recvmmsg') return args.includes('SCM_RIGHTS') ? fdList(args.slice(args.indexOf('cmsg_data=') + 10)).map(({ fd }) => fd) : [];
  if (name.startsWith('fcntl') && !args.includes('F_DUPFD')) return [];
  return [value];
}

function usedBy(name: string, args: ByteString): number[] {
  const first = Number.parseInt(unnamed(args), 10);
  const second = SECOND[name];
  return second === undefined ? [first] : [first, Number.parseInt(unnamed(splitArgs(args)[second] ?? ''), 10)];
}
