/** PASS, FAIL, INVALID or NOT-RELOADED, and why. One function, so that text, JSON and findings agree. */
import { type Counted, emptyCounted } from './load/tally.ts';
import { FAILURE_CLASSES, type Traffic } from './load/types.ts';
import type { DrillSeen } from './model.ts';

export type Outcome = 'pass' | 'fail' | 'invalid' | 'not-reloaded';

export interface Verdict {
  outcome: Outcome;
  /** One sentence. */
  why: string;
  /** Why our own client may be at fault. */
  unfit: string[];
  happened: number;
  /** Reloads in which a request on a new or kept connection failed. */
  bad: number[];
}

/** Starts that late say that the machine, or we, could not keep up. */
const MOST_SLIP_MS = 200;
const LEAST_ACHIEVED = 0.9;

/** Sums over the control window (`control`) or all reloads. */
export function countedIn({ load }: Pick<DrillSeen, 'load'>, traffic: Traffic, part: 'control' | 'reloads' | number): Counted {
  const sum = emptyCounted();
  for (const { reload, by } of load.tally.phases) {
    if (part === 'control' ? reload !== 0 : part === 'reloads' ? reload === 0 : reload !== part) continue;
    const one = by[traffic];
    sum.total += one.total;
    sum.failed += one.failed;
    sum.raced += one.raced;
    sum.unknown += one.unknown;
    for (const name of FAILURE_CLASSES) sum.byClass[name] += one.byClass[name];
  }
  return sum;
}

/** Of new and kept connections. */
export function failedIn(seen: Pick<DrillSeen, 'load'>, part: 'control' | 'reloads' | number): number {
  return countedIn(seen, 'new', part).failed + countedIn(seen, 'pooled', part).failed;
}

export function judge(seen: DrillSeen): Verdict {
  const { reloads, fitness, options } = seen;
  const happened = reloads.filter((reload) => reload.happened).length;
  const bad = reloads.filter(({ index }) => failedIn(seen, index) > 0).map(({ index }) => index);
  const inControl = failedIn(seen, 'control');
  const failed = failedIn(seen, 'reloads');
  const unfit = [
    ...Object.entries(fitness.own).map(([code, count]) => `${count} requests could not be sent for want of ${OWN_WORDS[code] ?? 'means'} of this host (${code})`),
    ...(fitness.slipP99Ms !== null && fitness.slipP99Ms > MOST_SLIP_MS ? [`1 % of the requests began ${Math.round(fitness.slipP99Ms)} ms late or more`] : []),
    ...(fitness.achieved < LEAST_ACHIEVED ? [`only ${Math.round(fitness.achieved * 100)} % of the requests could be sent at their time`] : []),
    ...(inControl > 0 ? [`${inControl} requests failed in the control window, without any reload`] : []),
  ];
  const of = (outcome: Outcome, why: string): Verdict => ({ outcome, why, unfit, happened, bad });
  if (inControl > 0) return of('invalid', `${unfit.at(-1)!}: what the reloads add cannot be told`);
  if (unfit.length > 0 && !isDecisive(seen)) return of('invalid', `${unfit[0]!}: what failed, or did not, may be the fault of this client`);
  if (failed > 0) return of('fail', bad.length === 1 && reloads.length === 1 ? `${failed} requests failed` : `${failed} requests failed, in ${bad.length} of ${reloads.length} reloads`);
  const [missing] = reloads.filter((reload) => !reload.happened);
  if (missing) return of('not-reloaded', `${happened} of ${options.everyMs === undefined ? reloads.length : options.times} reloads happened: ${missing.problem ?? missing.what}`);
  if (seen.restless) return of('not-reloaded', `what shows a reload (${options.expect!.words}) came in the control window, too, without any: none was made`);
  if (reloads.length === 0) return of('not-reloaded', 'no reload was made');
  return of('pass', `${happened} of ${happened} reloads happened, and no request on a new or kept connection failed`);
}

/** A refusal of the kernel, and an answer that was cut, are nothing that a slow client makes. */
function isDecisive(seen: DrillSeen): boolean {
  return (['new', 'pooled'] as const).some((traffic) => {
    const { refused, cut } = countedIn(seen, traffic, 'reloads').byClass;
    return refused > 0 || cut > 0;
  });
}

const OWN_WORDS: Readonly<Record<string, string>> = { EADDRNOTAVAIL: 'local ports', EMFILE: 'descriptors of ours', ENFILE: 'descriptors', ENOBUFS: 'memory', ENOMEM: 'memory' };
