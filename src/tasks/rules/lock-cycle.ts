import { processLabel } from '../../kernel/services.ts';
import { subjectOf } from '../../kernel/snapshot-rule.ts';
import { type Finding, fingerprint, lastEventRule } from '../../report/index.ts';
import { isStuck, waitersBehind } from '../stuck.ts';
import type { Task, TasksLook } from '../model.ts';

const ID = 'task/lock-cycle';

/** Threads that wait for each other's locks: none of them ever goes on. */
export const lockCycle = lastEventRule<TasksLook>(ID, 'tasks', (look): Finding[] => cyclesOf(look).map((cycle) => findingOf(cycle, look)));

/** Each once. */
export function cyclesOf(look: TasksLook): Task[][] {
  const byTid = new Map(look.tasks.filter((task) => task.owner !== undefined && isStuck(task, look)).map((task) => [task.tid, task]));
  const known = new Set<number>();
  const cycles: Task[][] = [];
  for (const start of byTid.values()) {
    const path: Task[] = [];
    for (let one: Task | undefined = start; one && !known.has(one.tid); one = byTid.get(one.owner!)) {
      known.add(one.tid);
      path.push(one);
    }
    const back = path.findIndex(({ tid }) => tid === path.at(-1)!.owner);
    if (back >= 0) cycles.push(path.slice(back));
  }
  return cycles;
}

function findingOf(cycle: readonly Task[], { tasks }: TasksLook): Finding {
  const [first] = cycle;
  const { process } = first!;
  const behind = waitersBehind(first!, tasks).filter((task) => !cycle.includes(task));
  const others = behind.length === 0 ? '' : `; ${behind.length} more wait behind them`;
  const title = cycle.length === 1
    ? `thread ${first!.tid} of ${processLabel(process)} waits for a lock that it has itself${others}`
    : `${cycle.length} threads of ${processLabel(process)} wait for each other's locks${others}`;
  return {
    id: ID,
    severity: 'critical',
    confidence: 'certain',
    because: 'each lock says which thread has it, and none of them has run while we looked',
    title,
    subject: subjectOf('task', 'lock-cycle', process),
    evidence: cycle.map(({ tid, owner, wait }) => ({ name: `thread ${tid} waits for the lock of`, value: `thread ${owner}`, source: `/proc/${process.pid}/mem at ${wait?.for === 'lock' ? wait.address : ''}` })),
    remedy: [
      { text: 'see where in the program they are', command: `sudo gdb --batch -p ${process.pid} -ex 'thread apply all backtrace'`, risk: 'live' },
      { text: 'nothing wakes them: restart it, and have the program take these locks in one order', risk: 'restart' },
    ],
    fingerprint: fingerprint(ID, String(cycle.length)),
  };
}
