/** What a thread waits for, in words. */
import { kindOf } from '../kernel/kinds/index.ts';
import type { OtherEnds } from '../kernel/other-ends.ts';
import { decodeText } from '../kernel/text.ts';
import type { Fd } from '../kernel/types.ts';
import { listOf, plural } from '../report/words.ts';
import type { Task } from './model.ts';

/** Without control characters escaped. @param ends who holds the other ends, as far as they were looked for */
export function targetWords(task: Task, ends: OtherEnds): string | undefined {
  const { wait, open, fd, path, polled, owner } = task;
  if (path !== undefined) return decodeText(path).text;
  if (fd !== undefined) return open ? `fd ${fd}: ${openWords(open, ends)}` : `fd ${fd}`;
  if (polled !== undefined && polled.length > 0) return `one of fds ${listOf(polled)}`;
  if (owner !== undefined) return owner === task.tid ? 'a lock that it has itself' : `a lock that thread ${owner} has`;
  switch (wait?.for) {
    case 'any':
      return `one of ${plural('descriptor', wait.count)}`;
    case 'lock':
      return 'a lock or a condition';
    case 'time':
      return 'time';
    case 'signal':
      return 'a signal';
    case 'child':
      return 'a child';
    case 'memory':
      return 'a page of memory';
    default:
      return undefined;
  }
}

/** `pipe:[81] write end, other end cat[42]:0`. */
function openWords(open: Fd, ends: OtherEnds): string {
  const others = ends.words(open);
  return `${kindOf(open).describe(open)}${others === undefined ? '' : `, other end ${others}`}`;
}
