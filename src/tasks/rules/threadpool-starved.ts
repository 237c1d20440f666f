import { processLabel } from '../../kernel/services.ts';
import { subjectOf } from '../../kernel/snapshot-rule.ts';
import { decodeText } from '../../kernel/text.ts';
import type { Process } from '../../kernel/types.ts';
import { type Finding, fingerprint, lastEventRule, type Remedy } from '../../report/index.ts';
import { poolThreads } from '../pools.ts';
import { isStuck } from '../stuck.ts';
import type { Task, TasksLook } from '../model.ts';
import { targetWords } from '../words.ts';
import { atLeast, endsOf, evidenceOf, groupsOf } from './evidence.ts';

const ID = 'task/threadpool-starved';
/** Fewer are no pool. */
const POOL = 4;

/** A pool in which every thread waits: whatever is given to it next waits, too, and nobody says so. */
export const threadpoolStarved = lastEventRule<TasksLook>(ID, 'tasks', (look): Finding[] => {
  const ofNode = [...look.poolSizes].flatMap(([pid, size]) => {
    const pool = poolThreads(look.tasks, pid);
    const stuck = pool.filter((task) => isStuck(task, look) && isAtWork(task));
    return stuck.length >= size && stuck.length === pool.length ? [nodeFinding(stuck, size, look)] : [];
  });
  const others = look.tasks.filter(({ process, tid }) => tid !== process.pid && !look.poolSizes.has(process.pid));
  return [...ofNode, ...groupsOf(others, stem).flatMap((pool) => {
    const isStarved = pool.length >= POOL && pool.every((task) => isStuck(task, look) && isHeldUp(task)) && new Set(pool.map((task) => `${task.call} ${task.open?.link}`)).size === 1;
    return isStarved ? [poolFinding(pool, look)] : [];
  })];
});

/** `worker-3` and `worker-4` are of one pool. */
function stem({ name }: Task): string {
  return name.replace(/[-_#:/ ]?\d+$/, '');
}

/** In a job, and not at the condition where an idle thread waits for one. */
function isAtWork({ wait, state }: Task): boolean {
  return state === 'D' || wait?.for === 'descriptor' || wait?.for === 'path' || wait?.for === 'any' || wait?.for === 'memory';
}

/** Threads that wait to read or to accept are idle. */
function isHeldUp({ wait, state }: Task): boolean {
  if (state === 'D' || wait?.for === 'path') return true;
  return wait?.for === 'descriptor' && ['write', 'connect', 'lock', 'sync'].includes(wait.does);
}

function nodeFinding(stuck: readonly Task[], size: number, look: TasksLook): Finding {
  const { process } = stuck[0]!;
  return finding(stuck, look, `the thread pool of ${processLabel(process)}: ${stuck.length}/${size} blocked${inWhat(stuck, look)} for ${atLeast(stuck)} or more: file system calls, name lookups (dns.lookup), zlib and crypto wait`, [
    { text: 'do not give the pool what may block for ever: open FIFOs and devices with O_NONBLOCK, and read them through net.Socket or a child process', risk: 'none' },
    { text: 'more threads put it off', command: `UV_THREADPOOL_SIZE=${size * 4}`, risk: 'restart' },
  ]);
}

function poolFinding(pool: readonly Task[], look: TasksLook): Finding {
  const { process, name } = pool[0]!;
  return finding(pool, look, `all ${pool.length} threads ${decodeText(name).text} of ${processLabel(process)} wait${inWhat(pool, look)} for ${atLeast(pool)} or more: whatever is given to them next waits, too`, [
    { text: 'see what they have in common, and who should answer there', command: `reloadctl fds ${process.pid}`, risk: 'none' },
  ]);
}

function inWhat([first]: readonly Task[], look: TasksLook): string {
  const target = targetWords(first!, endsOf(look));
  return `${first!.call === undefined ? '' : ` in ${first!.call}`}${target === undefined ? '' : ` (${target})`}`;
}

function finding(tasks: readonly Task[], look: TasksLook, title: string, remedy: Remedy[]): Finding {
  const process: Process = tasks[0]!.process;
  return {
    id: ID,
    severity: 'warning',
    confidence: 'likely',
    because: 'every thread of the pool was in the same call at each look, and none has run in between',
    title,
    subject: subjectOf('task', 'pool', process),
    evidence: evidenceOf(tasks, look),
    remedy,
    fingerprint: fingerprint(ID, tasks[0]!.call ?? 'unknown'),
  };
}
