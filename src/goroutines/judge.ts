/** What to think of a place where goroutines wait: at most one finding for each, with the reasons one by one. */
import type { Confidence, Severity } from '../report/index.ts';
import type { GoroutinesEvent, GrownGroup } from '../series/index.ts';
import { blockedSites, allOnOne, eachOnItsOwn, type Site, waitsForMinutes } from './sites.ts';
import { isForever, isLock } from './states.ts';

export interface Judgement {
  id: 'goroutine/leak' | 'goroutine/blocked' | 'goroutine/nil-channel';
  severity: Severity;
  confidence: Confidence;
  reasons: string[];
  /** What it is, in a few words of the title. */
  cause: string;
  site: Site;
}

const MANY = 100;
const MANY_SHARE = 0.1;
const MOST_SHARE = 0.5;
const SOME = 10;
const VERY_MANY = 1000;
const EMERGENCY = 10_000;
/** Fewer that wait on a nil channel: `<-ctx.Done()` of a context without end is an idiom of main loops. */
const NIL_IDIOM = 5;

/** Every site that is worth a finding, largest first. */
export function judgements(event: GoroutinesEvent): Judgement[] {
  const { groups, total } = event.dump;
  const sites = blockedSites(groups, total);
  const neverWoken = sites.filter(({ state }) => isForever(state)).reduce((sum, { count }) => sum + count, 0);
  return sites.flatMap((site) => {
    if (isForever(site.state)) return [nilChannel(site, neverWoken)];
    return judge(site, grownOf(site, event)) ?? [];
  });
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
  return { id: 'goroutine/nil-channel', severity: all >= NIL_IDIOM ? 'warning' : 'info', confidence: 'certain', reasons, cause: 'can never be woken', site };
}

function judge(site: Site, grown: readonly GrownGroup[]): Judgement | undefined {
  // Locks have rules of their own, which say more.
  if (isLock(site.state)) return undefined;
  if (site.leaked > 0) return provenLeak(site);
  if (grown.length > 0) return growingLeak(site, grown);
  const isMany = site.count >= MANY && site.share >= MANY_SHARE;
  // A select mostly has its context among its cases, which a dump does not show.
  const isMost = site.count >= SOME && site.share >= MOST_SHARE;
  const minutes = waitsForMinutes(site);
  const reasons = reasonsOf(site, isMany || isMost, minutes);
  if (isHandler(site)) return handlers(site, minutes, reasons);
  if (site.state === 'sync.WaitGroup.Wait' || site.state === 'sync.Cond.Wait') return waiting(site, isMost, minutes, reasons);
  const suspect = suspicion(site, reasons);
  if (suspect && (isMany || isMost || (minutes && site.count >= SOME))) {
    return { id: 'goroutine/leak', severity: 'warning', confidence: 'hint', reasons, cause: suspect, site };
  }
  if (isPool(site)) return undefined;
  if (minutes && (site.count >= VERY_MANY || isMost)) {
    const severity = site.state === 'select' && site.count < MANY ? 'info' : 'warning';
    return { id: 'goroutine/blocked', severity, confidence: 'hint', reasons, cause: 'wait for something that does not come', site };
  }
  // Without waiting times (profiles, a program whose collector did not run) the number alone must speak.
  if (site.count >= VERY_MANY && site.share >= MANY_SHARE) {
    return { id: 'goroutine/blocked', severity: site.state === 'select' ? 'info' : 'warning', confidence: 'hint', reasons, cause: 'wait at one place', site };
  }
  return isMany ? { id: 'goroutine/blocked', severity: 'info', confidence: 'hint', reasons, cause: 'wait at one place', site } : undefined;
}

function provenLeak(site: Site): Judgement {
  return {
    id: 'goroutine/leak',
    severity: site.leaked >= EMERGENCY ? 'critical' : 'warning',
    confidence: 'certain',
    reasons: [
      `the garbage collector found ${site.leaked} of them waiting on something that nothing else can reach (goroutineleak profile)`,
      ...reasonsOf(site, site.count >= MANY && site.share >= MANY_SHARE, waitsForMinutes(site)),
    ],
    cause: 'can never be woken',
    site,
  };
}

function growingLeak(site: Site, grown: readonly GrownGroup[]): Judgement {
  const before = grown.reduce((sum, one) => sum + one.before, 0);
  const after = grown.reduce((sum, one) => sum + one.after, 0);
  return {
    id: 'goroutine/leak',
    severity: site.count >= EMERGENCY ? 'critical' : 'warning',
    confidence: 'likely',
    reasons: [`their number rose from ${before} to ${after} while we watched: ${grown[0]!.because}`, ...reasonsOf(site, site.share >= MANY_SHARE, waitsForMinutes(site))],
    cause: 'grow in number and wait',
    site,
  };
}

/** What speaks for a fault, each a sentence of its own. */
function reasonsOf(site: Site, isMany: boolean, minutes: boolean): string[] {
  const reasons: string[] = [];
  if (isMany) reasons.push(`${site.count} at one place are ${Math.round(site.share * 100)}% of all goroutines`);
  if (minutes) reasons.push(`all that tell it have waited for at least ${site.wait!.min} min`);
  const one = allOnOne(site);
  if (eachOnItsOwn(site)) {
    const what = site.objects!.kind === 'channel' ? 'a channel' : 'an object';
    reasons.push(`each of the ${site.objects!.known} that tell it waits on ${what} of its own, which no other waiting goroutine has`);
  } else if (one !== undefined) reasons.push(`all that tell it wait for one and the same: ${one}`);
  if (site.state === 'chan send') reasons.push('a send blocks only while nobody receives');
  if (neverEndingContext(site)) reasons.push('they were given an interface that holds a global, as context.Background() does: that context never ends');
  return reasons;
}

/** Why it looks like a leak and not like a wait; undefined when it does not. */
function suspicion(site: Site, _reasons: readonly string[]): string | undefined {
  const shared = allOnOne(site) !== undefined && site.objects!.kind === 'channel';
  if (site.state === 'chan send' && !shared) return 'are stuck in a send that nobody receives';
  if (site.state === 'chan receive' && eachOnItsOwn(site)) return 'are stuck in a receive that nobody answers';
  if (site.state === 'select' && neverEndingContext(site)) return 'wait in a select whose context never ends';
  return undefined;
}

function isHandler(site: Site): boolean {
  return site.groups.every(({ frames }) => frames.some(({ func }) => /^net\/http\.\(\*conn\)\.serve$|^google\.golang\.org\/grpc\.\(\*Server\)\.handleStream$/.test(func)));
}

function handlers(site: Site, minutes: boolean, reasons: string[]): Judgement | undefined {
  const isWarning = (minutes && site.count >= SOME) || site.count >= VERY_MANY;
  if (!isWarning && site.count < MANY) return undefined;
  reasons.push('each is a request that was accepted and is not answered: its connection stays open, and a reload waits for it');
  return { id: 'goroutine/blocked', severity: isWarning ? 'warning' : 'info', confidence: 'hint', reasons, cause: 'are requests whose handler does not end', site };
}

function waiting(site: Site, isMost: boolean, minutes: boolean, reasons: string[]): Judgement | undefined {
  const group = site.state === 'sync.WaitGroup.Wait';
  if (site.count < SOME || !(minutes || site.count >= MANY)) return undefined;
  reasons.push(group ? 'a WaitGroup ends when Done was called as often as Add said: one call is missing, or one worker does not end' : 'a Cond wakes nobody by itself: Signal or Broadcast must be called after each change');
  const isWarning = isMost || (minutes && group) || site.count >= VERY_MANY;
  return { id: 'goroutine/blocked', severity: isWarning ? 'warning' : 'info', confidence: 'hint', reasons, cause: group ? 'wait for a WaitGroup' : 'wait for a Cond that nobody signals', site };
}

/** Idle workers of a pool wait for one and the same channel. */
function isPool(site: Site): boolean {
  if (site.state !== 'chan receive') return false;
  return allOnOne(site) !== undefined || /worker|pool/i.test(site.frame.func) || site.creators.some(({ func }) => /worker|pool/i.test(func));
}

/** Addresses of globals of a program that is not position independent are far below those of its heap. */
const LOWEST_HEAP = 0x1000_0000;

function neverEndingContext({ groups }: Site): boolean {
  return groups.some(({ frames, samples }) =>
    samples.some(({ args }) => args.some((words, index) => isOwnFrame(frames[index]?.func) && words.some((word, at) => isGlobal(word) && isGlobal(words[at + 1])))),
  );
}

function isOwnFrame(func: string | undefined): boolean {
  return func !== undefined && !/^(runtime|internal|sync)\b/.test(func);
}

function isGlobal(word: string | undefined): boolean {
  return word !== undefined && Number(word) < LOWEST_HEAP;
}
