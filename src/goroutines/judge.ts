/** What to think of a place where goroutines wait: at most one finding for each, with the reasons one by one. */
import type { DumpFormat, Group } from '../kernel/goroutines.ts';
import type { GoroutinesEvent, GrownGroup } from '../series/index.ts';
import { SLEEPING } from './benign.ts';
import { bodiesOnTheWay, growsWithConnections, holdsBodies, readsPeer, unreadBodies } from './connections.ts';
import { type Case, isFloor, type Judgement, newCase, NO_AGE, SOME, VERY_MANY } from './cases.ts';
import { type KnownWait, knownWait } from './known-waits.ts';
import { handlers, silentPeers, sleepers, waiting } from './judge-places.ts';
import { type OtherSide, otherSideOf, othersAtWork, siblingOf } from './other-side.ts';
import { behind, isInLine, waitingInTurn } from './judge-sends.ts';
import { poolOf, type Suspicion, suspicionOf } from './reasons.ts';
import { blockedSites, isHandler, outlivedCreators, type Site, sitesOf, waitsForMinutes } from './sites.ts';
import { isBlocking, isForever, waitsForLock } from './states.ts';

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
  const blocked = sites.filter((site) => !readsPeer(site)).flatMap((site) => {
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
  if (isInLine(one, inTurn)) return waitingInTurn(one, inTurn);
  const suspect = known ? undefined : suspicionOf(site);
  if (suspect && isSuspiciousEnough(one, suspect)) return leak(one, suspect.cause, suspect.perhaps, isDoubtful(one, suspect));
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

/** Workers of a pool may have a channel each: of what is no more than likely it takes many, or nearly nothing else. */
function isSuspiciousEnough({ site, isMany, isMost, minutes, course }: Case, { sign }: Suspicion): boolean {
  return isMany || isMost || (sign !== 'context' && (minutes || course === 'grows') && site.count >= SOME);
}

/** Healthy programs give the same sign: it takes more than that they are old. */
function isDoubtful(one: Case, { sign }: Suspicion): boolean {
  if (sign === 'stuck') return false;
  if (one.ages === 'some get on') return true;
  return sign === 'orphans' ? !one.isMany && !one.isMost : !isFloor(one);
}

/** Nothing speaks for a fault but that they are many, or old, and so are those of programs that are idle by design. */
function atOnePlace(one: Case, known: KnownWait | undefined): Judgement | undefined {
  const { site, isMany, isMost, minutes, reasons } = one;
  if (!isMany && !isMost && !(minutes && site.count >= SOME)) return undefined;
  // A select mostly has its context among its cases, which a dump does not show.
  const isSelect = site.state === 'select' && !known;
  const isOld = minutes && (isMost || site.count >= VERY_MANY);
  if (isSelect && isOld) reasons.push(`none of its cases has come for minutes: neither work, nor a timer, nor the end of a context`);
  const isUnusual = known !== undefined && minutes && site.count >= SOME && site.wait!.max >= (known.usualMinutes ?? 0);
  const cause = known?.cause ?? (!isOld ? 'wait at one place' : isSelect ? 'wait in a select that nothing has ended' : 'wait for something that has not come');
  return { id: 'goroutine/blocked', severity: isUnusual || isFloor(one) ? 'warning' : 'info', confidence: 'hint', reasons, cause, site };
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
