import type { EvidenceItem, Finding, Severity } from '../../report/index.ts';
import { fingerprint, lastEventRule } from '../../report/index.ts';
import { count, listOf } from '../../report/words.ts';
import type { GoroutinesEvent } from '../../series/index.ts';
import { type ContendedLock, contendedLocks, elsewhereForAsLong, type Holder, userFrame } from '../locks.ts';
import { placeOf, shortName, siteOf } from '../names.ts';
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
  const worth = locks.filter((lock) => !inCycles.has(lock) && severityOf(lock, event.dump.total) !== undefined);
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
  const minutes = (wait?.min ?? 0) >= 1;
  if (minutes && count >= VERY_MANY) return 'critical';
  if (proven) return 'warning';
  if (minutes && count >= SOME) return 'warning';
  // Who sends while it holds a lock waits for a receiver, which may be one of those that want it.
  if (minutes && holders.length > 0 && holders.every(({ group }) => group.state === 'chan send' && (group.wait?.min ?? 0) >= 1)) return 'warning';
  // Locks are waited for everywhere, for microseconds: without minutes a number is contention. Nobody waits for minutes where all is well.
  return minutes || count >= MANY || (count >= SOME && count >= total / 2) ? 'info' : undefined;
}

/** @param more the same fault in other locks */
function findingOf(event: GoroutinesEvent, lock: ContendedLock, more: readonly ContendedLock[]): Finding | undefined {
  const rough = severityOf(lock, event.dump.total);
  if (rough === undefined) return undefined;
  const [holder] = lock.holders;
  const sure = holder !== undefined && (lock.wait?.min ?? 0) >= 1 && (holder.by === 'address' || (lock.holders.length === 1 && !lock.ambiguous));
  const severity = rough === 'critical' && !sure ? 'warning' : rough;
  const user = userFrame(lock.waiters[0]!.group.frames);
  const what = lockWords(lock);
  const waited = waitWords(lock.wait);
  return {
    id: ID,
    severity,
    confidence: lock.proven ? 'certain' : sure ? 'likely' : 'hint',
    because: lock.proven ? 'the garbage collector found that nobody who could unlock is left (goroutineleak profile)' : becauseOf(lock),
    title: `${whoWaits(lock, more)}${waited === '' ? '' : ` ${waited}`}; ${holderWords(lock)}`,
    subject: { kind: 'lock', key: lock.type ?? user?.func ?? what, ...(event.pid !== undefined && { pid: event.pid }) },
    evidence: evidenceOf(event, lock, more),
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

function holderWords({ holders, ambiguous, chained: [chained] }: ContendedLock): string {
  const [first] = holders;
  // Nothing links those elsewhere to the lock: to name one of them would be a guess, and mostly a wrong one.
  if (!first && chained) return `${nameOf(chained)} ${isThere(chained) ? 'is further on, in' : 'came through'} ${placeOf(chained.frame)} and may hold it while it waits for another lock`;
  if (!first) return 'nobody in the dump is seen inside it: who holds it is not known';
  const inside = holders.reduce((sum, { group }) => sum + group.count, 0);
  if (inside > 1) return `${goroutines(inside)} may be inside, one of them in ${placeOf(first.frame)} (${first.group.state})`;
  if (ambiguous && first.by === 'type') return `${nameOf(first)} may be inside, in ${stateWords(first)}`;
  return `${nameOf(first)} is ${first.by === 'address' ? '' : 'probably '}inside, in ${stateWords(first)}`;
}

/** In the very function that waits, and not in one that called it. */
function isThere({ group, frame }: Holder): boolean {
  return userFrame(group.frames) === frame;
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

function becauseOf({ holders, chained, ambiguous, wait }: ContendedLock): string {
  const [first] = holders;
  if (!first && chained.length > 0) return `it waits for another lock, and came through ${chained[0]!.by === 'address' ? 'a function that was given what this lock is part of' : 'a method of the type that this lock is part of'}`;
  if (!first) return 'a dump does not say who holds a lock, and nobody that does not wait is in this code';
  const long = (wait?.min ?? 0) >= 1 ? '' : '; whether it lasts one dump cannot say';
  if (first.by === 'address') return `it has the lock, or what the lock is part of, among its arguments and does not wait for it${long}`;
  if (ambiguous) return `it is inside the same function, or a method of the same type, but for other locks the same is true, and it cannot hold them all${long}`;
  return `it is inside the same function, or a method of the same type, and does not wait for the lock${long}`;
}

function evidenceOf(event: GoroutinesEvent, lock: ContendedLock, more: readonly ContendedLock[]): EvidenceItem[] {
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
  ];
}
