import type { EvidenceItem, Finding, RuleDefinition, Severity } from '../../report/index.ts';
import { fingerprint } from '../../report/index.ts';
import { listOf } from '../../report/words.ts';
import type { GoroutinesEvent } from '../../series/index.ts';
import { type ContendedLock, contendedLocks, type Holder, userFrame } from '../locks.ts';
import { placeOf, shortName, siteOf } from '../names.ts';
import { cyclesOf } from '../lock-cycles.ts';
import { goroutines, structure, waitWords, watchRemedy } from './words.ts';

const ID = 'goroutine/lock-holder';
const A_FEW = 3;
const SOME = 10;
const MANY = 100;
const VERY_MANY = 1000;
/** The most wanted locks: behind them the same fault repeats itself. */
const MOST_FINDINGS = 20;

/** Many wait for one lock: who is inside, and what does it wait for? */
export const lockHolder: RuleDefinition<GoroutinesEvent> = {
  id: ID,
  create() {
    let last: GoroutinesEvent | undefined;
    return {
      observe(event) {
        if (event.type === 'goroutines') last = event;
      },
      finish: () => (last ? findingsOf(last) : []),
    };
  },
};

function findingsOf(event: GoroutinesEvent): Finding[] {
  const locks = contendedLocks(event.dump.groups);
  const inCycles = new Set(cyclesOf(locks).flatMap((cycle) => cycle.locks));
  const worth = locks.filter((lock) => !inCycles.has(lock) && severityOf(lock, event.dump.total) !== undefined);
  return worth.slice(0, MOST_FINDINGS).flatMap((lock) => findingOf(event, lock) ?? []);
}

function severityOf({ count, wait, proven }: ContendedLock, total: number): Severity | undefined {
  const minutes = (wait?.min ?? 0) >= 1;
  if (proven && count >= SOME) return 'warning';
  if (minutes && count >= VERY_MANY) return 'critical';
  if ((minutes && count >= SOME) || count >= VERY_MANY) return 'warning';
  if (count >= MANY && count >= total / 2) return 'warning';
  // Locks are waited for everywhere, for microseconds.
  return (minutes && count >= A_FEW) || count >= MANY || (count >= SOME && count >= total / 2) ? 'info' : undefined;
}

function findingOf(event: GoroutinesEvent, lock: ContendedLock): Finding | undefined {
  const rough = severityOf(lock, event.dump.total);
  if (rough === undefined) return undefined;
  const [holder] = lock.holders;
  const sure = holder !== undefined && (lock.wait?.min ?? 0) >= 1 && (holder.by === 'address' || lock.holders.length === 1);
  const severity = rough === 'critical' && !sure ? 'warning' : rough;
  const user = userFrame(lock.waiters[0]!.group.frames);
  const what = lockWords(lock);
  const waited = waitWords(lock.wait);
  return {
    id: ID,
    severity,
    confidence: sure ? 'likely' : 'hint',
    because: becauseOf(lock),
    title: `${goroutines(lock.count)} wait for one ${what}${waited === '' ? '' : ` ${waited}`}; ${holderWords(lock)}`,
    subject: { kind: 'lock', key: lock.type ?? user?.func ?? what, ...(event.pid !== undefined && { pid: event.pid }) },
    evidence: evidenceOf(event, lock),
    remedy: [
      holder
        ? { text: `never wait for the network or a channel inside the lock: in ${placeOf(holder.frame)} copy what is needed, unlock, then wait`, risk: 'restart' }
        : { text: 'look for a path that returns without unlocking: unlock in a defer, right after locking', risk: 'restart' },
      watchRemedy(event),
    ],
    fingerprint: fingerprint(ID, user ? structure(user) : what),
  };
}

function lockWords({ readersWait, type }: ContendedLock): string {
  const kind = readersWait ? 'RWMutex' : 'mutex';
  return type === undefined ? kind : `${kind} of ${shortName(type)}`;
}

function holderWords({ holders }: ContendedLock): string {
  const [first] = holders;
  if (!first) return 'nobody in the dump is seen inside it';
  const inside = holders.reduce((sum, { group }) => sum + group.count, 0);
  if (inside > 1) return `${goroutines(inside)} may be inside, one of them in ${placeOf(first.frame)} (${first.group.state})`;
  return `${nameOf(first)} is ${first.by === 'address' ? '' : 'probably '}inside, in ${stateWords(first)}`;
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

function becauseOf({ holders, wait }: ContendedLock): string {
  const [first] = holders;
  if (!first) return 'a dump does not say who holds a lock, and nobody else is in this code';
  const long = (wait?.min ?? 0) >= 1 ? '' : '; whether it lasts one dump cannot say';
  if (first.by === 'address') return `it has the lock, or what the lock is part of, among its arguments and does not wait for it${long}`;
  return `it is inside the same function, or a method of the same type, and does not wait for the lock${long}`;
}

function evidenceOf(event: GoroutinesEvent, lock: ContendedLock): EvidenceItem[] {
  const { source } = event;
  const places = lock.waiters.map(({ group }) => userFrame(group.frames)).filter((frame) => frame !== undefined);
  return [
    { name: 'waiting', value: lock.count, source },
    ...(lock.address === undefined ? [] : [{ name: 'address', value: lock.address, source }]),
    { name: 'wanted by', value: listOf([...new Set(places.map(placeOf))], 4), source },
    ...lock.holders.slice(0, 4).map((holder) => ({ name: 'inside', value: `${nameOf(holder)}: ${stateWords(holder)}`, source })),
  ];
}
