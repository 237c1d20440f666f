/** What to think of a place where goroutines wait: at most one finding for each, with the reasons one by one. */
import type { DumpFormat, Group } from '../kernel/goroutines.ts';
import type { Severity } from '../report/index.ts';
import type { GoroutinesEvent, GrownGroup } from '../series/index.ts';
import { SLEEPING } from './benign.ts';
import { bodiesOnTheWay, growsWithConnections, holdsBodies, readsPeer, unreadBodies } from './connections.ts';
import { type Case, isFloor, type Judgement, MANY, newCase, NO_AGE, SOME, VERY_MANY } from './cases.ts';
import { type KnownWait, knownWait } from './known-waits.ts';
import { handlers, silentPeers, sleepers, waiting } from './judge-places.ts';
import { type OtherSide, otherSideOf, othersAtWork, siblingOf } from './other-side.ts';
import { isQueue, poolOf, suspicionOf } from './reasons.ts';
import { blockedSites, isHandler, outlivedCreators, type Site, sitesOf, waitsForMinutes } from './sites.ts';
import { isBlocking, isForever, waitsForLock } from './states.ts';

/** Fewer may be all the workers of a small service. */
const A_FEW_DOZEN = 50;
/** So many wait for one that is at work, and it is a queue; more are stuck. */
const IN_TURN = 50;
const EMERGENCY = 10_000;
/** A trace tells of waits since it began only, which was seconds ago. */
const AGELESS: ReadonlySet<DumpFormat> = new Set(['profile', 'profile-text', 'trace']);
/** Fewer that wait on a nil channel: `<-ctx.Done()` of a context without end is an idiom of main loops. */
const NIL_IDIOM = 5;

const cache = new WeakMap<GoroutinesEvent, Judgement[]>();

/** Every site that is worth a finding, largest first. */
export function judgements(event: GoroutinesEvent): readonly Judgement[] {
  let known = cache.get(event);
  // Several rules ask for them.
  if (!known) cache.set(event, (known = findJudgements(event)));
  return known;
}

function findJudgements(event: GoroutinesEvent): Judgement[] {
  const { groups, total, reason, format } = event.dump;
  if (reason !== undefined && ALL_ASLEEP.test(reason)) return sitesOf(groups, total).flatMap((site) => deadlock(site) ?? []);
  const ageless = AGELESS.has(format);
  const caseOf = (site: Site): Case => newCase(site, ageless, event.settled);
  const sites = blockedSites(groups, total);
  const neverWoken = sites.filter(({ state }) => isForever(state)).reduce((sum, { count }) => sum + count, 0);
  const blocked = sites.flatMap((site) => {
    if (isForever(site.state)) return [nilChannel(site, neverWoken)];
    if (site.leaked === 0 && holdsBodies(site)) return bodies(caseOf(site), unreadBodies(site, groups)) ?? [];
    const isSend = site.state === 'chan send';
    const receiver = isSend ? (otherSideOf(site, groups) ?? siblingOf(site, groups)) : undefined;
    return judge(caseOf(site), groups, grownOf(site, event), receiver, isSend || site.state === 'select' ? othersAtWork(site, groups) : 0) ?? [];
  });
  const others = sitesOf(groups, total).filter(({ leaked }) => leaked === 0);
  const asleep = others.filter((site) => site.state === 'sleep' && isHandler(site));
  const silent = others.filter((site) => readsPeer(site) && !isHandler(site));
  const resting = others.filter((site) => site.state === 'sleep' && site.benign === SLEEPING && !isHandler(site));
  return [...blocked, ...asleep.flatMap((site) => handlers(caseOf(site), undefined) ?? []), ...resting.flatMap((site) => sleepers(caseOf(site)) ?? []), ...silent.flatMap((site) => silentPeers(caseOf(site)) ?? [])];
}

/** The runtime looks for it itself (runtime/proc.go checkdead): nothing outside could wake anybody. */
const ALL_ASLEEP = /all goroutines are asleep - deadlock!/;

function deadlock(site: Site): Judgement | undefined {
  if (!isForever(site.state) && !isBlocking(site.state)) return undefined;
  const reasons = ['the runtime ended the program: all goroutines are asleep, so that nobody was left who could wake another'];
  return { id: isForever(site.state) ? 'goroutine/nil-channel' : 'goroutine/blocked', severity: 'critical', confidence: 'certain', reasons, cause: 'can never be woken', because: 'the runtime itself says so', site };
}

function grownOf(site: Site, event: GoroutinesEvent): GrownGroup[] {
  const own = new Set(site.groups.map(({ index }) => index));
  return event.growth?.groups.filter(({ group, trend }) => own.has(group) && trend === 'growing') ?? [];
}

function nilChannel(site: Site, all: number): Judgement {
  const reasons = [
    site.state === 'select (no cases)'
      ? 'a select without cases is never woken'
      : 'the channel is nil: no other goroutine can ever send to it, receive from it or close it',
  ];
  return { id: 'goroutine/nil-channel', severity: all >= NIL_IDIOM ? 'warning' : 'info', confidence: 'certain', reasons, cause: 'can never be woken', because: 'the runtime itself says so', site };
}

function judge(one: Case, groups: readonly Group[], grown: readonly GrownGroup[], receiver?: OtherSide, inTurn = 0): Judgement | undefined {
  const { site } = one;
  // Locks have rules of their own, which say more.
  if (site.groups.every(waitsForLock)) return undefined;
  if (site.leaked > 0) return provenLeak(one);
  // Each connection brings its goroutines: more connections are more load, and requests have a finding of their own.
  if (grown.length > 0 && !isHandler(site) && !growsWithConnections(site, groups)) return growingLeak(one, grown);
  const known = knownWait(site);
  if (known) one.reasons.push(known.reason);
  if (isHandler(site)) return handlers(one, known);
  if (known?.withBody && bodiesOnTheWay(groups) >= site.count) return whileSending(one, known);
  if (known?.leak && (one.isMany || one.isMost || ((one.minutes || one.course === 'grows') && site.count >= SOME))) return leak(one, known.cause, known.perhaps ?? known.cause, known.leak === 'if most' && !isFloor(one));
  if (site.state === 'sync.WaitGroup.Wait' || site.state === 'sync.Cond.Wait') return waiting(one, known, groups);
  if (pilesUp(one)) return leak(one, 'are stuck in a send that nobody receives', 'wait to send, and nobody may receive');
  if (receiver) return behind(one, receiver);
  if (inTurn > 0 && (one.minutes ? isQueue(site) : site.state === 'chan send' && site.count < inTurn * IN_TURN)) return waitingInTurn(one, inTurn);
  const suspect = known ? undefined : suspicionOf(site);
  if (suspect && isSuspiciousEnough(one, suspect.isStrong)) return leak(one, suspect.cause, suspect.perhaps);
  const pool = known ? undefined : poolOf(site);
  if (pool === 'one' && (site.state === 'chan receive' || site.count < VERY_MANY)) return undefined;
  if (pool === 'named' && site.count < VERY_MANY) return namedPool(one);
  return atOnePlace(one, known);
}

/** As many bodies are being sent: they are read, and answers come afterwards. */
function whileSending({ site, isMany, isMost, minutes, reasons }: Case, { cause, perhaps }: KnownWait): Judgement | undefined {
  if (!isMany && !isMost && !(minutes && site.count >= SOME)) return undefined;
  reasons.push('as many goroutines of HTTP clients send the bodies of requests at this moment: who reads is there, if slow');
  return { id: 'goroutine/blocked', severity: 'info', confidence: 'hint', reasons, cause: perhaps ?? cause, site };
}

/** What has waited for a moment only, as far as the dump tells, is at work as likely as not. */
function leak(one: Case, cause: string, perhaps: string, isMild = false): Judgement | undefined {
  const { site, minutes, countsAlone, course, reasons } = one;
  // A proof that something gets on is one that there is somebody at the other side.
  if (course === 'moves') return undefined;
  const growing = (course === 'grows' && isAbandoned(site)) || pilesUp(one);
  const isWarning = (minutes || countsAlone || growing) && !isMild;
  if (!minutes && course === undefined) reasons.push(NO_AGE);
  const why = !isWarning ? perhaps : growing ? 'become more, and none of them gets on' : cause;
  return { id: 'goroutine/leak', severity: isWarning ? 'warning' : 'info', confidence: 'hint', reasons, cause: why, site };
}

/** Senders come, in numbers, and none of them leaves, whoever may be at the other side. */
function pilesUp({ site, isMany, isMost, course }: Case): boolean {
  return site.state === 'chan send' && course === 'grows' && (isMany || isMost);
}

/** Sessions and subscribers become more, and wait, where all is well; those that cannot get rid of what nobody asks for any more do not. */
function isAbandoned(site: Site): boolean {
  return (site.state === 'chan send' || knownWait(site)?.leak === 'if old') && outlivedCreators(site);
}

/** A name is no proof, and workers that nobody ends wait just so. */
function namedPool({ site, isMany, isMost, minutes, reasons }: Case): Judgement | undefined {
  if (!isMany && !isMost && !(minutes && site.count >= SOME)) return undefined;
  reasons.push('by their names they are workers of a pool: idle ones wait so, and so do those of a pool that nobody closed');
  return { id: 'goroutine/blocked', severity: 'info', confidence: 'hint', reasons, cause: 'wait at one place', site };
}

/** How one is known that may be the other side of a send, and what that makes of the senders. */
const HOW: Readonly<Record<OtherSide['by'], { reason(place: string, state: string): string; cause(who: string, place: string, state: string): string }>> = {
  creator: {
    reason: (place, state) => `has the same at hand and is in ${place} (${state}): it runs what started them, and nobody else is seen who may receive`,
    cause: () => 'wait to send, and nobody may receive',
  },
  address: {
    reason: (place, state) => `has the same at hand and is in ${place} (${state}): it may be the one that receives`,
    cause: (who, place, state) => `wait to send, and ${who} in ${place} (${state}) may be the one that receives`,
  },
  family: {
    reason: (place, state) => `was started by the same goroutine, in the same function, and is in ${place} (${state}): it may be the one that receives`,
    cause: (who, place, state) => `wait to send, and ${who} in ${place} (${state}) may be the one that receives`,
  },
};

/** The receiver may be alive: slow, or stuck itself. */
function behind({ site, isMany, isMost, minutes, reasons }: Case, { id, place, state, by }: OtherSide): Judgement | undefined {
  if (!isMany && !isMost && !(minutes && site.count >= SOME)) return undefined;
  const who = id === undefined ? 'one goroutine' : `goroutine ${id}`;
  reasons.push(`${who} ${HOW[by].reason(place, state)}`);
  const cause = HOW[by].cause(who, place, state);
  return { id: 'goroutine/blocked', severity: minutes && site.count >= SOME ? 'warning' : 'info', confidence: 'hint', reasons, cause, site };
}

/** Some of them are through: a semaphore, or back pressure, in a program that goes on. */
function waitingInTurn(one: Case, inTurn: number): Judgement | undefined {
  const { site, isMany, isMost, minutes, reasons } = one;
  if (!isMany && !isMost && !(minutes && site.count >= SOME)) return undefined;
  reasons.push(`${inTurn} that run the same function are at work behind or before it: they may take turns`);
  return { id: 'goroutine/blocked', severity: isFloor(one) ? 'warning' : 'info', confidence: 'hint', reasons, cause: minutes ? 'wait in line' : 'wait at one place', site };
}

/** Workers of a pool may have a channel each: of what is not strong it takes many, or nearly nothing else. */
function isSuspiciousEnough({ site, isMany, isMost, minutes, course }: Case, isStrong: boolean): boolean {
  return isMany || isMost || (isStrong && (minutes || course === 'grows') && site.count >= SOME);
}

/** Nothing speaks for a leak but that they are many, or old. */
function atOnePlace({ site, isMany, isMost, minutes, countsAlone, constant, reasons }: Case, known: KnownWait | undefined): Judgement | undefined {
  const blocked = (severity: Severity, cause: string): Judgement => ({ id: 'goroutine/blocked', severity, confidence: 'hint', reasons, cause: known?.cause ?? cause, site });
  if (minutes && (site.count >= VERY_MANY || isMost || (known && site.count >= SOME))) {
    // A select mostly has its context among its cases, which a dump does not show.
    const isSelect = site.state === 'select' && !known;
    // Workers, and loops for timers and the end of contexts, are of a constant number; that one dump cannot show.
    const isConstant = constant && site.count < MANY && !known && (isSelect || site.state === 'chan receive');
    if (isConstant) reasons.push('all of them were there at each look, and nobody else came: workers and timers of a constant number wait so, too');
    if (isSelect) reasons.push(`none of its cases has come for ${site.wait!.min} min: neither work, nor a timer, nor the end of a context`);
    return blocked(isConstant || (isSelect && site.count < A_FEW_DOZEN) ? 'info' : 'warning', isSelect ? 'wait in a select that nothing has ended' : 'wait for something that has not come');
  }
  if (countsAlone) return blocked(site.state === 'select' ? 'info' : 'warning', 'wait at one place');
  return isMany || isMost || (minutes && site.count >= SOME) ? blocked('info', 'wait at one place') : undefined;
}

function provenLeak({ site, reasons }: Case): Judgement {
  return {
    id: 'goroutine/leak',
    severity: site.leaked >= EMERGENCY ? 'critical' : 'warning',
    confidence: 'certain',
    reasons: [`the garbage collector found ${site.leaked} of them waiting on something that nothing else can reach (goroutineleak profile)`, ...reasons],
    cause: 'can never be woken',
    site,
  };
}

function growingLeak({ site, reasons }: Case, grown: readonly GrownGroup[]): Judgement {
  const before = grown.reduce((sum, one) => sum + one.before, 0);
  const after = grown.reduce((sum, one) => sum + one.after, 0);
  // Counts alone may be others each time: what is told by ids is sure to stay.
  const stay = grown.every(({ stayed }) => stayed !== undefined);
  return {
    id: 'goroutine/leak',
    severity: stay && site.count >= EMERGENCY && waitsForMinutes(site) ? 'critical' : 'warning',
    confidence: stay ? 'likely' : 'hint',
    reasons: [`their number rose from ${before} to ${after} while we watched: ${grown[0]!.because}`, ...reasons],
    cause: 'grow in number and wait',
    site,
  };
}

function bodies(one: Case, unread: number): Judgement | undefined {
  const { site, isMany, isMost, minutes, reasons } = one;
  if (unread < site.count / 2 || !(isMany || isMost || (minutes && unread >= SOME))) return undefined;
  reasons.push(`the client of net/http waits here until the body of an answer was read to its end, or closed; nobody is seen to read ${unread === site.count ? 'them' : `${unread} of them`}`);
  return leak(one, 'hold answers whose bodies are not closed', 'hold answers whose bodies nobody reads at this moment');
}
