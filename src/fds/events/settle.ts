/** Waits for the table to come to rest after an event: only what is there then is what the event left. */
import type { Evidence } from '../../evidence/types.ts';
import type { Fd } from '../../kernel/types.ts';
import type { Member } from '../../series/index.ts';
import type { Family } from './family.ts';

/** Between two samples, and how long nothing must change, ms. */
const PAUSE_MS = 200;
/** Where an event has changed nothing at all, it may not have begun yet; after the last one nobody else will look. */
const UNCHANGED_MS = 600;
const LAST_MS = 1000;
/** So many times as long where it is at work all the time: what it does may still be the event, or what it always does. */
const PATIENCE = 3;

export interface Rest {
  /** `restless`: it still changed when the time was over; `gone`: no process is left. */
  state: 'settled' | 'restless' | 'gone';
  members: Member<Fd>[];
  /** What came and went between the last two samples. */
  moving: Fd[];
}

export interface SettleOptions {
  /** How long it may take, ms. */
  settleMs: number;
  /** Identities of the floor before. */
  before: ReadonlySet<string>;
  isLast: boolean;
  signal: AbortSignal;
}

/**
 * Samples every 200 ms until nothing changed for long enough while nobody of them was at work, `settleMs` is over, or `signal` aborts. Asks again who is meant when
 * all is quiet, since the successor of a reload may come late.
 */
export async function settle(evidence: Evidence, family: Family, { settleMs, before, isLast, signal }: SettleOptions): Promise<Rest> {
  const deadline = evidence.now() + settleMs;
  let last: Member<Fd>[] | undefined;
  let quietSince = 0;
  family.renew();
  for (;;) {
    const members = family.sample();
    const now = evidence.now();
    const isOver = now >= deadline || signal.aborted;
    if (family.size === 0) {
      // Between two generations there may be nobody for a moment.
      if (!family.isFollowed || isOver) return { state: 'gone', members: [], moving: [] };
      family.renew();
    } else {
      const moving = last ? differing(last, members) : [];
      if (!last || moving.length > 0) quietSince = now;
      const needed = Math.min(isLast ? LAST_MS : sameAs(before, members) ? UNCHANGED_MS : PAUSE_MS, settleMs);
      const quietMs = now - quietSince;
      const isQuiet = last && moving.length === 0 && quietMs >= needed && (quietMs >= PATIENCE * needed || !family.isAtWork());
      // Who is meant is asked again only when all else is quiet: for a port that is a walk over all processes.
      if (isQuiet && !family.renew()) return { state: 'settled', members, moving };
      if (isOver) return { state: moving.length > 0 ? 'restless' : 'settled', members, moving };
      last = members;
    }
    await evidence.sleep(Math.max(1, Math.min(PAUSE_MS, deadline - now)));
  }
}

function sameAs(before: ReadonlySet<string>, members: readonly Member<Fd>[]): boolean {
  return before.size === members.length && members.every(({ identity }) => before.has(identity));
}

/** Members of one of the two samples only. */
function differing(a: readonly Member<Fd>[], b: readonly Member<Fd>[]): Fd[] {
  const inA = new Set(a.map(({ identity }) => identity));
  const inB = new Set(b.map(({ identity }) => identity));
  return [...a.filter(({ identity }) => !inB.has(identity)), ...b.filter(({ identity }) => !inA.has(identity))].map(({ item }) => item);
}
