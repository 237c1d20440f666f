/** Asking again until GO. */
import type { CommandContext } from '../command.ts';
import type { Evidence } from '../evidence/types.ts';
import { duration } from '../report/words.ts';
import { decisionOf } from './judge.ts';
import type { JudgedRule } from './model.ts';
import type { Clock } from './sources/lows.ts';

/** Long enough to be no load, short enough that a quiet moment is not missed. */
const PAUSE_MS = 2000;

/** Pauses end at once with a signal. */
export function clockOf(evidence: Evidence): Clock {
  return { now: () => evidence.now(), pause: (ms) => evidence.sleep(ms) };
}

/** @param waitMs undefined: one look @param told one line of a look, for the terminal */
export async function untilGo(look: () => Promise<JudgedRule[]>, waitMs: number | undefined, clock: Clock, { signal, progress }: CommandContext, told: (rules: readonly JudgedRule[]) => string): Promise<{ last: JudgedRule[]; attempts: number; waitedMs: number }> {
  const from = clock.now();
  for (let attempts = 1; ; attempts++) {
    const last = await look();
    const waitedMs = Math.round(clock.now() - from);
    const leftMs = (waitMs ?? 0) - waitedMs;
    if (decisionOf(last) === 'go' || leftMs <= 0 || signal.aborted) {
      progress('');
      return { last, attempts, waitedMs: attempts === 1 ? 0 : waitedMs };
    }
    progress(`${told(last)}; asked again for ${duration(leftMs)}`);
    await clock.pause(Math.min(PAUSE_MS, leftMs));
    if (signal.aborted) return { last, attempts, waitedMs: Math.round(clock.now() - from) };
  }
}
