/** Counts of goroutines as lives: what is needed to judge them by the survivors that series looks for. */
import type { LifeSpan } from '../../series/index.ts';

/**
 * A profile counts goroutines and cannot tell them apart. As few as possible are taken to have come and gone: what a count
 * lost were the newest. So the lives are of weak identity, and only a group that never lost one counts as growing.
 * @param counts at each of the sample times
 */
export function spansOf(counts: readonly number[], sampleTimes: readonly number[]): LifeSpan[] {
  const living: { bornAt: number; count: number }[] = [];
  const spans: LifeSpan[] = [];
  let open = 0;
  for (const [index, count] of counts.entries()) {
    const at = sampleTimes[index]!;
    if (count > open) living.push({ bornAt: at, count: count - open });
    for (let lost = open - count; lost > 0; ) {
      const newest = living.at(-1)!;
      const ended = Math.min(lost, newest.count);
      spans.push({ bornAt: newest.bornAt, goneAt: at, quality: 'weak', count: ended });
      newest.count -= ended;
      lost -= ended;
      if (newest.count === 0) living.pop();
    }
    open = count;
  }
  for (const { bornAt, count } of living) spans.push({ bornAt, quality: 'weak', count });
  return spans;
}
