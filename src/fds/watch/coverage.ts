/** How far a watch could look. */
import { type CoverageLog, errnoWords, statusOf } from '../../kernel/coverage.ts';
import { duration, plural } from '../../report/words.ts';
import { LEAST_SAMPLES, LEAST_WINDOW_MS, type WatchedGroup } from '../../series/index.ts';
import type { WatchOptions } from './options.ts';
import type { Watched } from './sampler.ts';

const SOURCE = 'growth over time';
/** A leak of one every 2 s shows in so long; a shorter window may find a faster one, and clears nobody. */
const CLEARING_WINDOW_MS = 10_000;
/** A rise that stands out of the coming and going by so many standard deviations is no chance, whatever it is. */
const SIGMAS = 3;
const LEAST_RISE = 4;

/** @param rerun the command as the user gave it, and whether that user is root: who is refused may try with more rights */
export function noteWatch(
  watched: Watched,
  watching: WatchOptions,
  groups: readonly WatchedGroup[],
  { rerun, isRoot }: { rerun: string; isRoot: boolean },
  coverage: CoverageLog,
): void {
  const { lives, refused } = watched;
  if (lives.sampleTimes.length > 0) {
    noteGrowth(watched, watching, groups, coverage);
    noteSampling(watched, coverage);
  } else if (refused.errno === undefined) {
    coverage.note({ source: SOURCE, status: 'absent', detail: 'there was nothing to watch', needed: true });
  } else {
    const status = statusOf(refused.errno);
    const fix = status === 'denied' && !isRoot ? { fix: `sudo ${rerun}` } : {};
    coverage.note({ source: SOURCE, status, seen: 0, total: refused.count, detail: `no sample could be taken: ${errnoWords(refused.errno)}`, ...fix, needed: true });
  }
}

function noteGrowth({ lives, windowMs }: Watched, watching: WatchOptions, groups: readonly WatchedGroup[], coverage: CoverageLog): void {
  const samples = lives.sampleTimes.length;
  if (samples < LEAST_SAMPLES || windowMs < LEAST_WINDOW_MS) {
    const detail = `the window is too short to judge: ${plural('sample', samples)} in ${duration(windowMs)}`;
    coverage.note({ source: SOURCE, status: 'partial', seen: samples, total: Math.max(samples, LEAST_SAMPLES), detail, fix: longer(watching), needed: true });
    return;
  }
  const unsure = groups.filter(({ trend }) => trend === 'too-short');
  const rising = unsure.find(rises) ?? unsure[0];
  const seen = { seen: groups.length - unsure.length, total: groups.length };
  if (windowMs < CLEARING_WINDOW_MS) {
    const detail = `${duration(windowMs)} are too short to clear anything: a leak of one every 2 s would not show`;
    coverage.note({ source: SOURCE, status: 'partial', ...seen, detail, fix: longer(watching), needed: true });
  } else if (rising) {
    const detail = `too short to judge ${rising.kind} ${rising.key}: ${rising.because}`;
    // What does not rise, or by chance, may wait for a longer watch; a rise nobody can explain leaves the question open.
    coverage.note({ source: SOURCE, status: 'partial', ...seen, detail, needed: rises(rising) });
  } else {
    coverage.note({ source: SOURCE, status: 'ok', ...seen, needed: true });
  }
}

function rises({ atStart, atEnd, births, deaths }: WatchedGroup): boolean {
  return atEnd - atStart >= Math.max(LEAST_RISE, SIGMAS * Math.sqrt(births + deaths));
}

function longer({ intervalMs }: WatchOptions): string {
  return `watch for ${duration(Math.max(CLEARING_WINDOW_MS, LEAST_SAMPLES * intervalMs))} or more`;
}

function noteSampling({ lives, late, refused }: Watched, coverage: CoverageLog): void {
  const samples = lives.sampleTimes.length;
  if (refused.errno !== undefined) {
    const detail = `${plural('sample', refused.count)} could not be taken: ${errnoWords(refused.errno)}`;
    coverage.note({ source: 'sampling', status: 'partial', seen: samples, total: samples + refused.count, detail, needed: true });
  } else if (late > samples / 4) {
    coverage.note({ source: 'sampling', status: 'partial', seen: samples - late, total: samples, detail: 'samples took longer than the interval', fix: 'a longer --interval', needed: false });
  }
}
