/** Who does not get on, and is judged for it. */
import type { Task, TasksLook } from './model.ts';

/** A shorter time is a slow disk, a full pipe, a lock that is in demand. */
export const ENOUGH_MS = 1500;

/** It was in the same wait all the time that we looked, which was long enough, and its process was not held by somebody else. */
export function isStuck(task: Task, { windowMs, paused }: Pick<TasksLook, 'windowMs' | 'paused'>): boolean {
  return task.allAlong && windowMs >= ENOUGH_MS && !paused.has(task.process.pid);
}

/** Those that wait, one behind the other, for locks that it has; itself aside. */
export function waitersBehind(holder: Task, tasks: readonly Task[]): Task[] {
  const found = new Set<Task>();
  const queue = [holder];
  for (let one = queue.pop(); one; one = queue.pop()) {
    for (const task of tasks) {
      if (task.owner !== one.tid || task.process.pid !== one.process.pid || task === holder || found.has(task)) continue;
      found.add(task);
      queue.push(task);
    }
  }
  return [...found];
}
