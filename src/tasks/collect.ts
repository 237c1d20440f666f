/** Asks everything that tells what the threads of some processes wait for. */
import type { Evidence } from '../evidence/types.ts';
import { CoverageLog, errnoWords, statusOf } from '../kernel/coverage.ts';
import { fdAt } from '../kernel/fd-index.ts';
import { type Paused, pausedOf } from '../kernel/paused.ts';
import { callName } from '../kernel/proc/call-names.ts';
import { parseAwaitedLocks } from '../kernel/proc/locks.ts';
import { parseStat } from '../kernel/proc/stat.ts';
import { parseSyscall, type SystemCall } from '../kernel/proc/syscall.ts';
import { takeSnapshot } from '../kernel/snapshot/take.ts';
import type { FdTable } from '../kernel/types.ts';
import { isSame, lookRepeatedly, MOST_THREADS, readThread, type Seen } from './looks.ts';
import { readArguments } from './arguments.ts';
import type { Awaited, Task, TasksLook } from './model.ts';
import { readPoolSizes } from './pools.ts';
import { waitOf } from './waits.ts';

export interface Asking {
  windowMs: number;
  /** Look in all processes for who holds the other ends; in a few unless so. */
  owners?: boolean;
  rerun: string;
  isRoot: boolean;
  signal: AbortSignal;
}

/** So many that do not get on have their kernel stack read. */
const MOST_STACKS = 8;
const MACHINE = process.arch === 'arm64' ? 'aarch64' : 'x86_64';

/** What passes by is told as it was at the last look. */
export async function collectTasks(evidence: Evidence, pids: readonly number[], name: string, asking: Asking): Promise<{ look: TasksLook; coverage: CoverageLog }> {
  const { signal } = asking;
  const looks = await lookRepeatedly(evidence, pids, asking.windowMs, signal);
  const { snapshot, coverage: seen } = await takeSnapshot(evidence, pids, name, { ...asking, allOwners: asking.owners ?? true, everything: false });
  const coverage = new CoverageLog();
  // Of the descriptors only what threads wait for is told: most gaps of that look are of others.
  for (const entry of seen.list()) coverage.note({ ...entry, needed: entry.needed && (entry.source === 'fd table' || entry.source === 'processes') });
  const tables = new Map(snapshot.tables.map((table) => [table.process.pid, table]));
  const threads = looks.threads.filter(({ pid }) => tables.has(pid));
  const paused = new Map<number, Paused>();
  for (const pid of tables.keys()) {
    const how = pausedOf(evidence, pid);
    if (how) paused.set(pid, how);
  }
  for (const [pid, { how }] of paused) coverage.note({ source: 'threads', status: 'partial', detail: `process ${pid} is ${how}: what its threads wait for is not judged`, needed: true });
  const tasks = await readTasks(evidence, threads, tables, asking, coverage);
  await readArguments(evidence, tasks, tables, coverage);
  await readStacks(evidence, tasks);
  const awaited = tasks.some(({ wait }) => wait?.for === 'descriptor' && wait.does === 'lock') ? readAwaited(evidence) : [];
  coverage.note({ source: 'threads', status: looks.total > MOST_THREADS ? 'partial' : 'ok', seen: looks.threads.length, total: looks.total, needed: true });
  if (signal.aborted) coverage.note({ source: 'time', status: 'partial', detail: 'stopped by a signal: how long threads wait is told for the time until then', needed: true });
  const poolSizes = await readPoolSizes(evidence, snapshot);
  return { look: { type: 'tasks', windowMs: looks.windowMs, tasks, snapshot, paused, awaited, poolSizes }, coverage };
}

async function readTasks(evidence: Evidence, threads: readonly Seen[], tables: ReadonlyMap<number, FdTable>, asking: Asking, coverage: CoverageLog): Promise<Task[]> {
  const asleep = threads.filter(({ state }) => state !== 'R');
  const answers = await evidence.readSlow(asleep.map(({ pid, tid }) => `/proc/${pid}/task/${tid}/syscall`));
  const calls = new Map<Seen, SystemCall>();
  let refused: string | undefined;
  let narrow = false;
  for (const [index, { value, errno }] of answers.entries()) {
    if (errno !== undefined && errno !== 'ENOENT' && errno !== 'ESRCH') refused = errno;
    const call = parseSyscall(value ?? '');
    if (call === null || call === 'running') continue;
    if (call.isNarrow) narrow = true;
    else calls.set(asleep[index]!, call);
  }
  noteCalls(refused, calls.size, asleep.length, asking, coverage);
  if (narrow) coverage.note({ source: 'system calls', status: 'unsupported', detail: 'a program of 32 bits: its system calls are numbered differently', needed: true });
  return threads.map((thread) => taskOf(evidence, thread, calls.get(thread), tables.get(thread.pid)!));
}

function taskOf(evidence: Evidence, thread: Seen, call: SystemCall | undefined, { process, fds }: FdTable): Task {
  const { pid, tid, ownTid, name, state, sinceMs, allAlong } = thread;
  const task: Task = { process, tid, ownTid, name, state, sinceMs, allAlong };
  const wchan = state === 'R' ? undefined : evidence.read(`/proc/${pid}/task/${tid}/wchan`).value?.trim();
  if (wchan !== undefined && /^[A-Za-z_][\w.]*$/.test(wchan)) task.wchan = wchan;
  if (!call) return task;
  const after = readThread(evidence, pid, tid);
  // It ran since the last look: the call is one of now, and it has been in it for no time that we know.
  if (!after || !isSame(thread, after)) Object.assign(task, { sinceMs: 0, allAlong: false });
  task.wait = waitOf(call, MACHINE);
  if (call.number >= 0) task.call = callName(call.number, MACHINE);
  if ('fd' in task.wait) {
    task.fd = task.wait.fd;
    const open = fdAt(fds, task.fd);
    if (open) task.open = open;
  }
  return task;
}

function noteCalls(refused: string | undefined, seen: number, total: number, { isRoot, rerun }: Asking, coverage: CoverageLog): void {
  if (refused === undefined) {
    coverage.note({ source: 'system calls', status: 'ok', needed: true });
    return;
  }
  const fix = statusOf(refused) === 'denied' && !isRoot ? { fix: `sudo ${rerun}` } : {};
  coverage.note({ source: 'system calls', status: statusOf(refused), seen, total, detail: `/proc/PID/task/TID/syscall: ${errnoWords(refused)}`, ...fix, needed: true });
}

function readAwaited(evidence: Evidence): Awaited[] {
  return parseAwaitedLocks(evidence.read('/proc/locks').value ?? '').map((lock) => {
    const holder = parseStat(evidence.read(`/proc/${lock.holder.pid}/stat`).value ?? '');
    return { ...lock, ...(holder && { holderName: holder.comm }) };
  });
}

/** Where a thread hangs in the kernel; for root only. */
async function readStacks(evidence: Evidence, tasks: readonly Task[]): Promise<void> {
  const stuck = tasks.filter(({ state, allAlong }) => state === 'D' && allAlong).slice(0, MOST_STACKS);
  const answers = await evidence.readSlow(stuck.map(({ process: { pid }, tid }) => `/proc/${pid}/task/${tid}/stack`));
  for (const [index, { value = '' }] of answers.entries()) {
    const frames = [...value.matchAll(/^\[<[0-9a-f]*>\] ([\w.]+)\+/gm)].map(([, name]) => name!);
    if (frames.length > 0) stuck[index]!.stack = frames;
  }
}
