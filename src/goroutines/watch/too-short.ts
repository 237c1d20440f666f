import { duration, plural } from '../../report/words.ts';
import type { Coverage } from '../../report/index.ts';
import { type GoroutineGrowth, LEAST_SAMPLES, LEAST_WINDOW_MS } from '../../series/index.ts';

/** Says so where a watch cannot tell what grows: that nothing was found is no answer then. */
export function tooShort({ samples, windowMs }: GoroutineGrowth): Coverage[] {
  if (windowMs === null || (samples >= LEAST_SAMPLES && windowMs >= LEAST_WINDOW_MS)) return [];
  const few = samples < LEAST_SAMPLES ? `${plural('sample', samples)}, and it takes at least ${LEAST_SAMPLES}` : `${duration(windowMs)}, and it takes at least ${duration(LEAST_WINDOW_MS)}`;
  return [{ source: 'growth', status: 'absent', detail: `too short to tell what grows: ${few}`, fix: 'watch for longer, or more often: --watch 30s --interval 1s', needed: true }];
}
