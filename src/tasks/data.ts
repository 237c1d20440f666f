/** `data` of the report: the part scripts read. Add keys, never change them. */
import { decodeText } from '../kernel/text.ts';
import type { Task, TasksLook } from './model.ts';
import { endsOf } from './rules/evidence.ts';
import type { Wait } from './waits.ts';
import { targetWords } from './words.ts';

export interface TasksData {
  /** Between the first look at the threads and the last. */
  windowMs: number;
  tasks: TaskRow[];
}

export interface TaskRow {
  pid: number;
  tid: number;
  name: string;
  /** One letter: R S D Z T t X I. */
  state: string;
  /** Name of the system call it waits in. */
  syscall?: string;
  fd?: number;
  /** What it waits for, in words. */
  target?: string;
  /** Kernel function. */
  wchan?: string;
  /** It has not run for at least so long, by our own looks; absent where there was one only. */
  sinceMs?: number;
  /** Kind of what it waits for; null: it runs, or that may not be read. */
  waitsFor: Wait['for'] | null;
  /** Thread that has the lock it waits for. */
  lockOwner?: number;
}

export function emptyData(): TasksData {
  return { windowMs: 0, tasks: [] };
}

export function buildData(look: TasksLook): TasksData {
  return { windowMs: Math.round(look.windowMs), tasks: look.tasks.map((task) => rowOf(task, look)) };
}

function rowOf(task: Task, look: TasksLook): TaskRow {
  const { process, tid, name, state, call, fd, wchan, wait, owner, sinceMs } = task;
  const target = targetWords(task, endsOf(look));
  return {
    pid: process.pid,
    tid,
    name: decodeText(name).text,
    state,
    ...(call !== undefined && { syscall: call }),
    ...(fd !== undefined && { fd }),
    ...(target !== undefined && { target }),
    ...(wchan !== undefined && { wchan }),
    ...(look.windowMs > 0 && { sinceMs: Math.round(sinceMs) }),
    waitsFor: wait?.for ?? null,
    ...(owner !== undefined && { lockOwner: owner }),
  };
}
