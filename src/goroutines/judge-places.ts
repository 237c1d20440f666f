/** Places that are judged by what they are, and not by their state: requests, WaitGroups and Conds, silent peers, sleepers. */
import type { Group } from '../kernel/goroutines.ts';
import { type Case, isFloor, type Judgement, MANY, NO_AGE, SOME, VERY_MANY } from './cases.ts';
import { familiesAlive } from './families.ts';
import type { KnownWait } from './known-waits.ts';
import { poolOf } from './reasons.ts';
import { outlivedCreators, waitsItself } from './sites.ts';

/** Streams of events are requests that wait in a select of their own, and may do so for days, however many there are. */
export function handlers({ site, minutes, countsAlone, reasons }: Case, known: KnownWait | undefined): Judgement | undefined {
  const mayStream = site.state === 'select' && waitsItself(site);
  const isWarning = !mayStream && ((minutes && site.count >= SOME) || countsAlone);
  if (!isWarning && site.count < MANY && !(minutes && site.count >= SOME)) return undefined;
  reasons.push('each is a request that was accepted and is not answered yet: its connection stays open, and a reload waits for it');
  if (!minutes) reasons.push(NO_AGE);
  const cause = known ? `are requests whose handlers ${known.cause}` : isWarning ? 'are requests whose handler does not end' : 'are requests that wait at one place';
  return { id: 'goroutine/blocked', severity: isWarning ? 'warning' : 'info', confidence: 'hint', reasons, cause, site };
}

/** A WaitGroup or a Cond. */
export function waiting(one: Case, known: KnownWait | undefined, groups: readonly Group[]): Judgement | undefined {
  const { site, isMost, minutes, reasons } = one;
  const group = site.state === 'sync.WaitGroup.Wait';
  if (site.count < SOME || !(minutes || isMost || site.count >= MANY)) return undefined;
  const workers = group ? familiesAlive(site, groups) : undefined;
  if (workers) reasons.push(`what they started is alive: ${workers}; they wait for that to end`);
  else if (group) reasons.push('a WaitGroup ends when Done was called as often as Add said, and no worker of theirs is seen: one call may be missing');
  else reasons.push('a Cond wakes nobody by itself: Signal or Broadcast must be called after each change');
  if (!minutes) reasons.push(NO_AGE);
  // Who waits for a Cond mostly waits for work, and who waits for what lives gets on when that does.
  const isIdle = !group && poolOf(site) !== undefined;
  const isWarning = minutes && !workers && (group || (!isIdle && isFloor(one)));
  return { id: 'goroutine/blocked', severity: isWarning ? 'warning' : 'info', confidence: 'hint', reasons, cause: known?.cause ?? (group ? 'wait for a WaitGroup' : minutes ? 'wait for a Cond that nobody has signalled' : 'wait for a Cond'), site };
}

/** Peers that send nothing, however many: a server of a protocol of its own has one for each idle client. */
export function silentPeers({ site, isMany, isMost, minutes, reasons }: Case): Judgement | undefined {
  if (!isMany && !isMost && !(minutes && site.count >= SOME)) return undefined;
  reasons.push('reads without a deadline wait as long as the peer keeps its connection; idle clients are meant to be here, clients that died without a word are not');
  return { id: 'goroutine/blocked', severity: 'info', confidence: 'hint', reasons, cause: 'wait for peers that send nothing', site };
}

/** They wake by themselves, so that it takes many, whose requests are over or of which more and more come. */
export function sleepers({ site, isMost, minutes, ages, reasons }: Case): Judgement | undefined {
  if (!minutes || !(isMost || site.count >= VERY_MANY)) return undefined;
  reasons.push('a sleep ends by itself, and cannot be ended before: a reload or a cancelled request waits for it, or leaves it behind');
  return { id: 'goroutine/blocked', severity: site.count >= VERY_MANY && (ages === 'one by one' || outlivedCreators(site)) ? 'warning' : 'info', confidence: 'hint', reasons, cause: 'are asleep', site };
}
