/** A log read up to a moment. */
import type { Follower } from './follow/follow.ts';
import { DAY, type Moment, refuseOutside } from './moment.ts';
import { readHead } from './parse/head.ts';
import { newLine } from './parse/line.ts';
import type { LineTaker } from './read/logs.ts';

/** Takes lines up to a moment. Throws UserError at a first line that is later. */
export function stopping(follower: Follower, moment: Moment): Pick<LineTaker, 'take' | 'isOver'> {
  const head = newLine();
  const { micros } = moment;
  let first = NaN;
  let now = NaN;
  let day = 0;
  let isOver = false;
  const isLater = (number: number): boolean => {
    if (!micros) return number > moment.line!;
    const time = Number.isNaN(head.time) ? (Number.isNaN(now) ? 0 : now) + head.relative : head.time + day;
    if (Number.isNaN(time)) return false;
    const isNextDay = time < now - DAY / 2 && head.time < DAY;
    if (isNextDay) day += DAY;
    now = isNextDay ? time + DAY : time;
    if (Number.isNaN(first)) {
      first = now;
      if (micros(first) < first) refuseOutside(moment, { lines: 1, first, last: first });
    }
    return now > micros(first);
  };
  return {
    take: (block, from, to, pid, number) => {
      if (isOver) return;
      readHead(head, block.buf, from, to);
      isOver = isLater(number);
      if (!isOver) follower.take(block, from, to, pid, number);
    },
    isOver: () => isOver,
  };
}
