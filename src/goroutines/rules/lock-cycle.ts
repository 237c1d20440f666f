import type { Finding } from '../../report/index.ts';
import { fingerprint, lastEventRule } from '../../report/index.ts';
import { duration, listOf } from '../../report/words.ts';
import type { GoroutinesEvent } from '../../series/index.ts';
import { cyclesOf, type CycleMember, type LockCycle } from '../lock-cycles.ts';
import { contendedLocks, userFrame } from '../locks.ts';
import { lasts } from '../minutes.ts';
import { placeOf } from '../names.ts';
import { goroutines, structure, waitWords, watchRemedy } from './words.ts';

const ID = 'goroutine/lock-cycle';

const WHAT: Record<LockCycle['kind'], string> = {
  order: 'wait for each other: they take the same locks in different order',
  twice: 'waits for a lock that it holds itself',
  'read-twice': 'read-locks again while a writer waits: the writer waits for the reader, and the reader for the writer',
};
const WHAT_MANY = { twice: 'wait for locks that they hold themselves', 'read-twice': 'read-lock again while a writer waits: the writer waits for the readers, and the readers for the writer' } as const;
const PERHAPS: Record<LockCycle['kind'], string> = {
  order: 'seem to wait for each other: nobody else in the dump is seen to hold these locks, and they may take them in different order',
  twice: 'waits for a lock that nobody else in the dump is seen to hold: it may hold it itself',
  'read-twice': 'may read-lock again while a writer waits: the writer would wait for the reader, and the reader for the writer',
};
/** What comes behind them repeats them. */
const MOST_FINDINGS = 20;
/** Named in one finding. */
const MOST_LOCKS = 10;
const REMEDY: Record<LockCycle['kind'], string> = {
  order: 'take these locks in one order everywhere, or only one at a time',
  twice: 'a Go mutex is not reentrant: split the method into one that locks and one that expects it locked',
  'read-twice': 'RLock must not be nested (sync.RWMutex): call a method that expects the lock to be held',
};

/** Locks that can never be had again. */
export const lockCycle = lastEventRule<GoroutinesEvent>(ID, 'goroutines', (event) => cyclesOf(contendedLocks(event.dump.groups)).slice(0, MOST_FINDINGS).flatMap((cycle) => findingOf(event, cycle) ?? []));

function findingOf(event: GoroutinesEvent, cycle: LockCycle): Finding | undefined {
  const waits = cycle.locks.flatMap(({ wait }) => wait ?? []);
  const wait = waits.length === 0 ? undefined : { min: Math.min(...waits.map(({ min }) => min)), max: Math.max(...waits.map(({ max }) => max)) };
  const minutes = cycle.locks.every((lock) => lasts(lock.wait));
  const proven = cycle.locks.every((lock) => lock.proven);
  // Where others are in methods of the same type, one of them may be the one that holds it.
  const likely = proven || (minutes && cycle.by !== 'nobody' && cycle.by !== 'code' && cycle.locks.every(({ holders }) => holders.length === 0));
  const waiting = cycle.locks.reduce((sum, { count }) => sum + count, 0);
  const stayed = !minutes && (cycle.by === 'address' || cycle.by === 'code') && event.settled !== undefined && cycle.members.every(({ sample }) => sample?.id !== undefined && event.settled!.unmoved.has(sample.id));
  // Locks in locks are healthy where those that wait change.
  if (cycle.by === 'code' && !minutes && event.settled && !stayed) return undefined;
  const severity = likely ? 'critical' : minutes || stayed ? 'warning' : 'info';
  const places = cycle.members.map(wayOf);
  const { source } = event;
  const waited = waitWords(wait);
  return {
    id: ID,
    severity,
    confidence: proven ? 'certain' : likely ? 'likely' : 'hint',
    because: proven ? 'the garbage collector found that nobody who could unlock is left (goroutineleak profile)' : likely ? becauseLikely(cycle) : stayed ? `in ${event.settled!.looks} looks within ${duration(event.settled!.windowMs)} the same goroutines waited for the same locks, and ${cycle.by === 'code' ? 'each took a lock before that it did not give back, as its code has it' : 'each has what the other waits for at hand'}` : whyHint(cycle, minutes),
    title: `${goroutines(inCycle(cycle))} ${whatWords(cycle, likely)} (${listOf([...new Set(places)], 2)})${waited === '' ? '' : `, ${waited}`}${waiting > inCycle(cycle) ? `; ${goroutines(waiting)} wait in all` : ''}`,
    subject: { kind: 'lock', key: structure(userFrame(cycle.members[0]!.waiters.group.frames)!), ...(event.pid !== undefined && { pid: event.pid }) },
    evidence: [
      ...cycle.members.map(({ waiters, outer, sample }) => ({
        name: sample?.id === undefined ? 'goroutine' : `goroutine ${sample.id}`,
        value: `${outer ? `${cycle.by === 'code' ? 'took a lock in' : 'came through'} ${placeOf(outer)}, ` : ''}waits in ${placeOf(userFrame(waiters.group.frames)!)}: ${waiters.group.state}${sample?.object === undefined ? '' : ` of lock ${sample.object}`}`,
        source,
      })),
      ...cycle.locks.slice(0, MOST_LOCKS).map(({ address, count }) => ({ name: address === undefined ? 'lock' : `lock ${address}`, value: `${goroutines(count)} wait`, source })),
    ],
    remedy: [
      { text: REMEDY[cycle.kind], risk: 'restart' },
      ...(likely ? [{ text: 'nothing frees them but a restart of the process', risk: 'restart' as const }] : []),
      watchRemedy(event),
    ],
    fingerprint: fingerprint(ID, cycle.kind, ...cycle.members.map(({ waiters }) => structure(userFrame(waiters.group.frames)!))),
  };
}

function wayOf({ waiters, outer }: CycleMember): string {
  const user = userFrame(waiters.group.frames);
  return [outer, user].flatMap((frame) => (frame ? placeOf(frame) : [])).join(' -> ');
}

function inCycle({ kind, members }: LockCycle): number {
  return kind === 'order' ? members.length : members.reduce((sum, { waiters }) => sum + waiters.count, 0);
}

/** Contention of a moment looks the same: without a minute of waiting it is never told as a fact. */
function whatWords(cycle: LockCycle, likely: boolean): string {
  const { kind, by } = cycle;
  if ((by === 'nobody' || by === 'code') && inCycle(cycle) > 1 && kind === 'twice') return 'wait for locks that nobody else in the dump is seen to hold: they may hold them themselves, or each other\'s';
  if (by === 'address' && !likely) return 'may wait for each other: each has what the other waits for at hand';
  if (by === 'code' && kind === 'order') return 'seem to wait for each other: each took a lock before that it did not give back, and nobody else in the dump is seen to hold these';
  return by === 'nobody' || !likely ? PERHAPS[kind] : inCycle(cycle) > 1 && kind !== 'order' ? WHAT_MANY[kind] : WHAT[kind];
}

function becauseLikely({ by }: LockCycle): string {
  const how = by === 'address' ? 'each has what the other wants, or what that is part of, among its arguments' : 'who waits was called by a method of the same type';
  return `they have waited for minutes, ${how}, and nobody outside is in the code that could unlock`;
}

function whyHint({ by, kind, locks }: LockCycle, minutes: boolean): string {
  const [other] = locks.flatMap(({ holders }) => holders);
  if (by === 'code') return `their code takes a lock before this one and does not give it back, and nobody else is seen inside${minutes ? '' : '; whether they wait for more than a moment one dump cannot say'}`;
  if (minutes && other) return `others are in methods of the same type, as ${placeOf(other.frame)}, and one of them may hold what these want`;
  if (minutes) return `nobody outside is in the code that could unlock, but no address shows that ${kind === 'order' ? 'these hold what the others want' : 'this one holds it'}`;
  return `whether they wait for more than a moment one dump cannot say${by === 'nobody' ? ', and no address shows who holds what' : ''}`;
}
