/** What the rules of this wing have in common: how a thread is called, and what is told of it. */
import { OtherEnds } from '../../kernel/other-ends.ts';
import { programName } from '../../kernel/services.ts';
import { decodeText } from '../../kernel/text.ts';
import type { EvidenceItem } from '../../report/index.ts';
import { duration, listOf } from '../../report/words.ts';
import { waitersBehind } from '../stuck.ts';
import type { Task, TasksLook } from '../model.ts';
import { targetWords } from '../words.ts';

/** Threads that are named one by one. */
const MOST_NAMED = 5;
const ends = new WeakMap<TasksLook, OtherEnds>();

export function endsOf(look: TasksLook): OtherEnds {
  let known = ends.get(look);
  if (!known) ends.set(look, (known = new OtherEnds(look.snapshot)));
  return known;
}

/** `app (pid 42)`, `thread 44 (worker) of app (pid 42)`, `3 threads of app (pid 42)`. */
export function threadsLabel(tasks: readonly Task[]): string {
  const [first] = tasks;
  const { process, tid, name } = first!;
  const whole = `${programName(process)} (pid ${process.pid})`;
  if (tasks.length > 1) return `${tasks.length} threads of ${whole}`;
  if (tid !== process.pid) return `thread ${tid} (${decodeText(name).text}) of ${whole}`;
  return process.threads > 1 ? `the main thread of ${whole}` : whole;
}

export function atLeast(tasks: readonly Task[]): string {
  return duration(Math.min(...tasks.map(({ sinceMs }) => sinceMs)));
}

export function evidenceOf(tasks: readonly Task[], look: TasksLook): EvidenceItem[] {
  const [first] = tasks;
  const { process, call, wchan, stack, sinceMs } = first!;
  const at = `/proc/${process.pid}/task/${first!.tid}`;
  const target = targetWords(first!, endsOf(look));
  const behind = [...new Set(tasks.flatMap((task) => waitersBehind(task, look.tasks)))];
  return [
    { name: 'threads', value: listOf(tasks.map(({ tid }) => tid), MOST_NAMED), source: `/proc/${process.pid}/task` },
    ...(call === undefined ? [] : [{ name: 'system call', value: call, source: `${at}/syscall` }]),
    ...(target === undefined ? [] : [{ name: 'waits for', value: target, source: first!.fd === undefined ? `/proc/${process.pid}/mem` : `/proc/${process.pid}/fd/${first!.fd}` }]),
    { name: 'has not run for at least', value: Math.round(sinceMs), unit: 'ms', source: `${at}/status` },
    ...(stack ? [{ name: 'kernel stack', value: stack.slice(0, 6).join(' < '), source: `${at}/stack` }] : wchan === undefined ? [] : [{ name: 'kernel function', value: wchan, source: `${at}/wchan` }]),
    ...(behind.length === 0 ? [] : [{ name: 'threads that wait for a lock it has', value: behind.length, source: `/proc/${process.pid}/mem` }]),
  ];
}

/** Threads of one process that wait for the same. */
export function groupsOf(tasks: readonly Task[], keyOf: (task: Task) => string): Task[][] {
  const groups = new Map<string, Task[]>();
  for (const task of tasks) {
    const key = `${task.process.pid} ${keyOf(task)}`;
    const group = groups.get(key);
    if (group) group.push(task);
    else groups.set(key, [task]);
  }
  return [...groups.values()];
}
