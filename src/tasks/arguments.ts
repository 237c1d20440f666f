/** What threads passed by address: paths, arrays of descriptors, locks. Read from the memory of the process, for those that do not get on. */
import type { Answer, Evidence } from '../evidence/types.ts';
import { type CoverageLog, errnoWords, statusOf } from '../kernel/coverage.ts';
import { fdAt } from '../kernel/fd-index.ts';
import type { FdTable } from '../kernel/types.ts';
import type { Task } from './model.ts';
import type { Wait } from './waits.ts';

/** Each question is a child of its own. */
const MOST = 24;

type Of<K extends Wait['for']> = Extract<Wait, { for: K }>;

export async function readArguments(evidence: Evidence, tasks: readonly Task[], tables: ReadonlyMap<number, FdTable>, coverage: CoverageLog): Promise<void> {
  const questions = evidence.tasks;
  if (!questions) return;
  for (const [pid, table] of tables) {
    const own = tasks.filter(({ process }) => process.pid === pid);
    await ask(waiting(own, 'path'), ({ address }) => address, (waits) => questions.pathsAt(pid, waits.map(({ address }) => address)), coverage, (task, path) => {
      task.path = path;
    });
    await ask(waiting(own, 'any'), ({ address, count }) => `${address} ${count}`, (waits) => questions.polledAt(pid, waits), coverage, (task, fds) => {
      task.polled = fds;
      if (fds.length !== 1) return;
      task.fd = fds[0]!;
      const open = fdAt(table.fds, fds[0]!);
      if (open) task.open = open;
    });
    const byOwnTid = new Map(own.map((task) => [task.ownTid, task.tid]));
    await ask(waiting(own, 'lock').filter(({ wait: { value } }) => namesOwner(value)), ({ address }) => address, (waits) => questions.locksAt(pid, waits.map(({ address }) => address)), coverage, (task, { owner }) => {
      const tid = byOwnTid.get(owner);
      // What is no lock holds anything: only a thread of this process can be who has it.
      if (tid !== undefined) task.owner = tid;
    });
  }
}

/** A mutex of glibc is 2 then; those of musl, and those that inherit priorities, say who has it, and FUTEX_WAITERS. Conditions are neither. */
function namesOwner(value: number): boolean {
  return value === 2 || value >= 0x8000_0000;
}

interface Waiting<W> {
  task: Task;
  wait: W;
}

function waiting<K extends Wait['for']>(tasks: readonly Task[], kind: K): Waiting<Of<K>>[] {
  return tasks.flatMap((task) => (task.allAlong && task.wait?.for === kind ? [{ task, wait: task.wait as Of<K> }] : []));
}

/** Each address once: what most wait at comes first. */
async function ask<W, T>(all: readonly Waiting<W>[], keyOf: (wait: W) => string, question: (waits: W[]) => Promise<Answer<T>[]>, coverage: CoverageLog, take: (task: Task, value: T) => void): Promise<void> {
  const byKey = new Map<string, Waiting<W>[]>();
  for (const one of all) byKey.set(keyOf(one.wait), [...(byKey.get(keyOf(one.wait)) ?? []), one]);
  const asked = [...byKey.values()].sort((a, b) => b.length - a.length).slice(0, MOST);
  const answers = asked.length === 0 ? [] : await question(asked.map(([first]) => first!.wait));
  for (const [index, { value, errno }] of answers.entries()) {
    if (value !== undefined) for (const { task } of asked[index]!) take(task, value);
    else if (errno === 'EACCES' || errno === 'ETIMEDOUT' || errno === 'ENOREADER') coverage.note({ source: 'arguments of system calls', status: statusOf(errno), detail: `/proc/PID/mem: ${errnoWords(errno)}`, needed: false });
  }
}
