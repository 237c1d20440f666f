/** The thread pool of libuv, in which Node looks up names and reads files: every thread of it at once is a program that stands still. */
import type { Evidence } from '../evidence/types.ts';
import { parseEnviron } from '../kernel/proc/environ.ts';
import type { Process, Snapshot } from '../kernel/types.ts';
import type { Task } from './model.ts';

/** deps/uv/src/threadpool.c */
const DEFAULT_SIZE = 4;
const MOST_SIZE = 1024;
/** Of libuv 1.50 and later; before, they are called as the program is. */
const WORKER = 'libuv-worker';

/** By pid of each Node process. */
export async function readPoolSizes(evidence: Evidence, { tables }: Snapshot): Promise<Map<number, number>> {
  const nodes = tables.map(({ process }) => process).filter(isNode);
  const answers = await evidence.readSlow(nodes.map(({ pid }) => `/proc/${pid}/environ`));
  return new Map(nodes.map(({ pid }, index) => {
    const asked = Number.parseInt(parseEnviron(answers[index]?.value ?? '').get('UV_THREADPOOL_SIZE') ?? '', 10);
    return [pid, Number.isNaN(asked) ? DEFAULT_SIZE : Math.min(Math.max(asked, 1), MOST_SIZE)];
  }));
}

function isNode({ exe, comm }: Process): boolean {
  return /\/(?:node|nodejs)$/.test(exe?.replace(/ \(deleted\)$/, '') ?? '') || comm === 'node' || comm === 'node-MainThread';
}

/** Threads that libuv runs work in. Idle ones wait for a condition, as those of V8 do, which older versions give the same name. */
export function poolThreads(tasks: readonly Task[], pid: number): Task[] {
  const others = tasks.filter(({ process, tid }) => process.pid === pid && tid !== pid);
  const named = others.filter(({ name }) => name === WORKER);
  return named.length > 0 ? named : others.filter(({ wait }) => wait?.for === 'descriptor' || wait?.for === 'path' || wait?.for === 'any' || wait?.for === 'memory');
}
