import { subjectOf } from '../../kernel/snapshot-rule.ts';
import { type Finding, fingerprint, lastEventRule } from '../../report/index.ts';
import { isStuck } from '../stuck.ts';
import type { Task, TasksLook } from '../model.ts';
import { targetWords } from '../words.ts';
import { atLeast, endsOf, evidenceOf, groupsOf, threadsLabel } from './evidence.ts';

const ID = 'task/d-state';

/** Uninterruptible sleep that lasts: a disk, a network file system or a driver that does not answer. No signal ends it. */
export const dState = lastEventRule<TasksLook>(ID, 'tasks', (look): Finding[] => {
  // Whoever waits for its vfork child sleeps so, too.
  const stuck = look.tasks.filter((task) => task.state === 'D' && task.wait?.for !== 'child' && isStuck(task, look));
  return groupsOf(stuck, whereOf).map((tasks) => findingOf(tasks, look));
});

function whereOf({ call, wchan, fd }: Task): string {
  return `${call ?? wchan} ${fd}`;
}

function findingOf(tasks: readonly Task[], look: TasksLook): Finding {
  const [first] = tasks;
  const { process, call, open, path } = first!;
  const target = targetWords(first!, endsOf(look));
  const file = open?.link.startsWith('/') ? open.link : path;
  return {
    id: ID,
    severity: 'warning',
    confidence: 'likely',
    because: 'it was in uninterruptible sleep at each look, and has not run in between',
    title: `${threadsLabel(tasks)} in uninterruptible sleep (D) for ${atLeast(tasks)} or more${call === undefined ? '' : `, in ${call}`}${target === undefined ? '' : ` (${target})`}`,
    subject: subjectOf('task', call ?? 'unknown', process),
    evidence: evidenceOf(tasks, look),
    remedy: [
      ...(file === undefined ? [] : [{ text: 'see which file system that is, and whether it answers', command: 'findmnt', risk: 'none' as const }]),
      { text: 'see what the kernel says of the device or server it waits for', command: 'sudo dmesg --ctime | tail -50', risk: 'none' },
      { text: 'no signal ends it, kill -9 neither: it goes on when what it waits for answers', risk: 'none' },
    ],
    fingerprint: fingerprint(ID, call ?? 'unknown'),
  };
}
