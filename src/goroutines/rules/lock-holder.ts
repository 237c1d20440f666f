import type { EvidenceItem, Finding, Severity } from '../../report/index.ts';
import { fingerprint, lastEventRule } from '../../report/index.ts';
import { count, duration, listOf } from '../../report/words.ts';
import type { GoroutinesEvent } from '../../series/index.ts';
import { type BehindTheLock, behindTheLock, isStuckBehind } from '../lock-channel.ts';
import { pilesUp } from '../lock-piles.ts';
import { type ContendedLock, contendedLocks, elsewhereForAsLong, type Holder, userFrame, type Waiters } from '../locks.ts';
import { lasts } from '../minutes.ts';
import { placeOf, receiverOf, shortName, siteOf } from '../names.ts';
import { cyclesOf } from '../lock-cycles.ts';
import { goroutines, structure, waitWords, watchRemedy } from './words.ts';

const ID = 'goroutine/lock-holder';
const SOME = 10;
const MANY = 100;
const VERY_MANY = 1000;
/** The most wanted locks: behind them the same fault repeats itself. */
const MOST_FINDINGS = 20;

/** Many wait for one lock: who is inside, and what does it wait for? */
export const lockHolder = lastEventRule<GoroutinesEvent>(ID, 'goroutines', findingsOf);

function findingsOf(event: GoroutinesEvent): Finding[] {
  const locks = contendedLocks(event.dump.groups);
  const inCycles = new Set(cyclesOf(locks).flatMap((cycle) => cycle.locks));
  const worth = locks.filter((lock) => !inCycles.has(lock) && severityIn(event, lock) !== undefined);
  return alike(worth).slice(0, MOST_FINDINGS).flatMap(([lock, ...more]) => (lock ? (findingOf(event, lock, more) ?? []) : []));
}

/** Locks of the same kind that the same code waits for, and holds: one fault in many copies. */
function alike(locks: readonly ContendedLock[]): ContendedLock[][] {
  const found = new Map<string, ContendedLock[]>();
  for (const lock of locks) {
    const [holder] = [...lock.holders, ...lock.chained];
    const key = [lockWords(lock), ...wantedBy(lock), holder ? placeOf(holder.frame) : ''].join('\n');
    const known = found.get(key);
    if (known) known.push(lock);
    else found.set(key, [lock]);
  }
  return [...found.values()];
}

function wantedBy({ waiters }: ContendedLock): string[] {
  return [...new Set(waiters.flatMap(({ group }) => userFrame(group.frames) ?? []).map(placeOf))];
}

function severityOf({ count, wait, proven, holders }: ContendedLock, total: number): Severity | undefined {
  const minutes = lasts(wait);
  if (minutes && count >= VERY_MANY) return 'critical';
  if (proven) return 'warning';
  if (minutes && count >= SOME) return 'warning';
  // Who sends while it holds a lock waits for a receiver, which may be one of those that want it.
  if (minutes && holders.length > 0 && holders.every(({ group }) => group.state === 'chan send' && lasts(group.wait))) return 'warning';
  // Locks are waited for everywhere, for microseconds: without minutes a number is contention. Nobody waits for minutes where all is well.
  return minutes || count >= MANY || (count >= SOME && count >= total / 2) ? 'info' : undefined;
}

function severityIn(event: GoroutinesEvent, lock: ContendedLock): Severity | undefined {
  if (pilesUp(lock, event) !== undefined) return 'warning';
  const severity = severityOf(lock, event.dump.total);
  return isStuckBehind(lock, event) !== undefined && severity !== 'critical' ? 'warning' : severity;
}

/** @param more the same fault in other locks */
function findingOf(event: GoroutinesEvent, lock: ContendedLock, more: readonly ContendedLock[]): Finding | undefined {
  const rough = severityIn(event, lock);
  if (rough === undefined) return undefined;
  const [holder] = lock.holders;
  const sure = holder !== undefined && lasts(lock.wait) && (holder.by === 'address' || (lock.holders.length === 1 && !lock.ambiguous && !isSomeInstance(holder, lock)));
  const severity = rough === 'critical' && !sure ? 'warning' : rough;
  const user = userFrame(lock.waiters[0]!.group.frames);
  const what = lockWords(lock);
  const waited = waitWords(lock.wait);
  const course = pilesUp(lock, event);
  const behind = behindTheLock(lock, event.dump.groups);
  return {
    id: ID,
    severity,
    confidence: lock.proven ? 'certain' : sure ? 'likely' : 'hint',
    because: lock.proven ? 'the garbage collector found that nobody who could unlock is left (goroutineleak profile)' : course === undefined ? becauseOf(lock, event) : `${course}, and no code of those that do not wait has taken a lock that it did not give back`,
    title: `${whoWaits(lock, more)}${waited === '' ? '' : ` ${waited}`}${course === undefined ? '' : ', become more, and none of them gets on'}; ${holderWords(lock)}${behind?.only ? `; ${circleWords(lock, behind, isStuckBehind(lock, event) !== undefined)}` : ''}`,
    subject: { kind: 'lock', key: lock.type ?? user?.func ?? what, ...(event.pid !== undefined && { pid: event.pid }) },
    evidence: evidenceOf(event, lock, more, behind),
    remedy: [
      holder
        ? { text: `never wait for the network or a channel inside the lock: in ${placeOf(holder.frame)} copy what is needed, unlock, then wait`, risk: 'restart' }
        : { text: 'look for a path that returns without unlocking, for a caller that has locked already, and for a reader that locks for writing: none of them ever gets on', risk: 'restart' },
      watchRemedy(event),
    ],
    fingerprint: fingerprint(ID, user ? structure(user) : what),
  };
}

function whoWaits(lock: ContendedLock, more: readonly ContendedLock[]): string {
  const what = lockWords(lock);
  if (more.length === 0) return `${goroutines(lock.count)} ${lock.count === 1 ? 'waits' : 'wait'} for one ${what}`;
  const all = more.reduce((sum, { count }) => sum + count, lock.count);
  return `${goroutines(all)} wait for ${count(more.length + 1)} locks of one kind, up to ${count(lock.count)} for one ${what}`;
}

/** First those of the same type, and those that few came through: the crowd comes another way than the one that has locked before. */
function callersOf({ nested }: ContendedLock): readonly ContendedLock['nested'][number][] {
  return [...nested].sort((a, b) => Number(b.sameType) - Number(a.sameType) || a.waiters.count - b.waiters.count).slice(0, 2);
}

function lockWords({ once, readersWait, type }: ContendedLock): string {
  if (once) return 'sync.Once';
  const kind = readersWait ? 'RWMutex' : 'mutex';
  return type === undefined ? kind : `${kind} of ${shortName(type)}`;
}

/** In a method of the type, of which there may be many: which one its receiver is nobody knows. */
function isSomeInstance({ by, frame }: Holder, { once }: ContendedLock): boolean {
  return by === 'type' && !once && receiverOf(frame.func) !== undefined;
}

function holderWords(lock: ContendedLock): string {
  const { holders, ambiguous, chained: [chained] } = lock;
  const [first] = holders;
  if (lock.proven) return `nobody who could unlock it is left${first ? `; ${nameOf(first)}, which is lost itself, may have it, in ${stateWords(first)}` : ''}`;
  // Nothing links those elsewhere to the lock: to name one of them would be a guess, and mostly a wrong one.
  if (!first && chained) return `${nameOf(chained)} ${isThere(chained) ? 'is further on, in' : 'came through'} ${placeOf(chained.frame)} and may hold it while it waits for another lock`;
  if (!first) return 'nobody in the dump is seen inside it: who holds it is not known';
  const inside = holders.reduce((sum, { group }) => sum + group.count, 0);
  if (inside > 1) return `${goroutines(inside)} may be inside, one of them in ${placeOf(first.frame)} (${first.group.state})`;
  if ((ambiguous && first.by === 'type') || isSomeInstance(first, lock)) return `${nameOf(first)} may be inside, in ${stateWords(first)}`;
  return `${nameOf(first)} is ${first.by === 'address' ? '' : 'probably '}inside, in ${stateWords(first)}`;
}

/** In the very function that waits, and not in one that called it. */
function isThere({ group, frame }: Holder): boolean {
  return userFrame(group.frames) === frame;
}

/** What the holder waits for may only come from those who wait for the holder. */
function circleWords({ holders }: ContendedLock, { who }: BehindTheLock, lasting: boolean): string {
  const state = holders[0]!.group.state;
  const deed = state === 'chan send' ? 'receive' : state === 'chan receive' ? 'send' : 'answer';
  return `nobody is seen who could ${deed} but those in line for this lock, as ${waiterWords(who[0]!)}: they ${lasting ? 'seem to' : 'may'} wait for each other`;
}

function waiterWords({ group, count: all }: Waiters): string {
  const [sample] = group.samples;
  const user = userFrame(group.frames);
  const name = all > 1 ? `one of ${count(all)} goroutines` : sample?.id === undefined ? 'one goroutine' : `goroutine ${sample.id}`;
  return user ? `${name} in ${placeOf(user)}` : name;
}

function nameOf({ sample }: Holder): string {
  return sample?.id === undefined ? 'one goroutine' : `goroutine ${sample.id}`;
}

function stateWords({ group, frame }: Holder): string {
  const waited = waitWords(group.wait);
  const deepest = siteOf(group.frames);
  const at = deepest && deepest.func !== frame.func ? ` at ${placeOf(deepest)}` : '';
  return `${placeOf(frame)}: ${group.state}${waited === '' ? '' : ` ${waited}`}${at}`;
}

function becauseOf(lock: ContendedLock, event: GoroutinesEvent): string {
  const { holders, chained, ambiguous, wait } = lock;
  const [first] = holders;
  if (!first && chained.length > 0) return `it waits for another lock, and came through ${chained[0]!.by === 'address' ? 'a function that was given what this lock is part of' : 'a method of the type that this lock is part of'}`;
  if (!first) return 'a dump does not say who holds a lock, and nobody that does not wait is in this code';
  const stuck = isStuckBehind(lock, event);
  const long = stuck === 'looks' ? `; in ${event.settled!.looks} looks within ${duration(event.settled!.windowMs)} neither it nor those in line got on` : lasts(wait) ? '' : '; whether it lasts one dump cannot say';
  if (first.by === 'address') return `it has the lock, or what the lock is part of, among its arguments and does not wait for it${long}`;
  if (ambiguous) return `it is inside the same function, or a method of the same type, but for other locks the same is true, and it cannot hold them all${long}`;
  if (isSomeInstance(first, lock)) return `it is in a method of the same type and does not wait for the lock, but which instance of that type it has the dump does not tell${long}`;
  return `it is inside the same function and does not wait for the lock${long}`;
}

function evidenceOf(event: GoroutinesEvent, lock: ContendedLock, more: readonly ContendedLock[], behind: BehindTheLock | undefined): EvidenceItem[] {
  const { source } = event;
  return [
    { name: 'waiting', value: lock.count, source },
    ...(more.length === 0 ? [] : [{ name: 'locks like it', value: more.length, source }]),
    ...(lock.address === undefined ? [] : [{ name: 'address', value: lock.address, source }]),
    { name: 'wanted by', value: listOf(wantedBy(lock), 4), source },
    ...(lock.chained.length > 0 ? [] : elsewhereForAsLong(lock)).slice(0, 4).map((other) => ({ name: 'elsewhere in own code', value: `${nameOf(other)}: ${stateWords(other)}`, source })),
    ...lock.chained.slice(0, 4).map((other) => ({ name: 'waits for another lock', value: `${nameOf(other)}: ${stateWords(other)}`, source })),
    ...callersOf(lock).map(({ outer }) => ({ name: 'called by', value: `${placeOf(outer)}: it may have locked before`, source })),
    ...lock.holders.slice(0, 4).map((holder) => ({ name: 'inside', value: `${nameOf(holder)}: ${stateWords(holder)}`, source })),
    ...(behind?.who ?? []).slice(0, 4).map((waiters) => ({ name: 'may be its other side', value: `${waiterWords(waiters)}: in line for this lock`, source })),
  ];
}
