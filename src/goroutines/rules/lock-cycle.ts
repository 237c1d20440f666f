import type { Finding, RuleDefinition } from '../../report/index.ts';
import { fingerprint } from '../../report/index.ts';
import { listOf } from '../../report/words.ts';
import type { GoroutinesEvent } from '../../series/index.ts';
import { cyclesOf, type LockCycle } from '../lock-cycles.ts';
import { contendedLocks, userFrame } from '../locks.ts';
import { placeOf } from '../names.ts';
import { goroutines, structure, waitWords, watchRemedy } from './words.ts';

const ID = 'goroutine/lock-cycle';

const WHAT: Record<LockCycle['kind'], string> = {
  order: 'wait for each other: they take the same locks in different order',
  twice: 'waits for a lock that it holds itself',
  'read-twice': 'read-locks again while a writer waits: the writer waits for the reader, and the reader for the writer',
};
const REMEDY: Record<LockCycle['kind'], string> = {
  order: 'take these locks in one order everywhere, or only one at a time',
  twice: 'a Go mutex is not reentrant: split the method into one that locks and one that expects it locked',
  'read-twice': 'RLock must not be nested (sync.RWMutex): call a method that expects the lock to be held',
};

/** Locks that can never be had again. */
export const lockCycle: RuleDefinition<GoroutinesEvent> = {
  id: ID,
  create() {
    let last: GoroutinesEvent | undefined;
    return {
      observe(event) {
        if (event.type === 'goroutines') last = event;
      },
      finish: () => (last ? cyclesOf(contendedLocks(last.dump.groups)).flatMap((cycle) => findingOf(last!, cycle) ?? []) : []),
    };
  },
};

function findingOf(event: GoroutinesEvent, cycle: LockCycle): Finding | undefined {
  const waits = cycle.locks.flatMap(({ wait }) => wait ?? []);
  const wait = waits.length === 0 ? undefined : { min: Math.min(...waits.map(({ min }) => min)), max: Math.max(...waits.map(({ max }) => max)) };
  const minutes = wait !== undefined && wait.min >= 1;
  const proven = cycle.locks.every((lock) => lock.proven);
  const likely = proven || (minutes && cycle.sure);
  const waiting = cycle.locks.reduce((sum, { count }) => sum + count, 0);
  // Contention of a moment looks the same: without a minute of waiting it takes many.
  if (!minutes && !proven && waiting < 3) return undefined;
  const places = cycle.members.map(({ waiters, outer }) => `${placeOf(outer)} -> ${placeOf(userFrame(waiters.group.frames) ?? outer)}`);
  const ids = cycle.members.flatMap(({ waiters }) => waiters.group.samples[0]?.id ?? []);
  const { source } = event;
  const waited = waitWords(wait);
  return {
    id: ID,
    severity: likely ? 'critical' : 'warning',
    confidence: proven ? 'certain' : likely ? 'likely' : 'hint',
    because: proven ? 'the garbage collector found that nobody who could unlock is left (goroutineleak profile)' : likely ? 'they have waited for minutes, and nobody outside is in the code that could unlock' : whyHint(minutes),
    title: `${goroutines(cycle.members.length)} ${WHAT[cycle.kind]} (${listOf([...new Set(places)], 2)})${waited === '' ? '' : `, ${waited}`}; ${goroutines(waiting)} wait in all`,
    subject: { kind: 'lock', key: structure(userFrame(cycle.members[0]!.waiters.group.frames)!), ...(event.pid !== undefined && { pid: event.pid }) },
    evidence: [
      ...cycle.members.map(({ waiters, outer }, index) => ({
        name: ids[index] === undefined ? 'goroutine' : `goroutine ${ids[index]}`,
        value: `came through ${placeOf(outer)}, waits in ${placeOf(userFrame(waiters.group.frames)!)}: ${waiters.group.state}`,
        source,
      })),
      ...cycle.locks.map(({ address, count }) => ({ name: address === undefined ? 'lock' : `lock ${address}`, value: `${goroutines(count)} wait`, source })),
    ],
    remedy: [
      { text: REMEDY[cycle.kind], risk: 'restart' },
      { text: 'nothing frees them but a restart of the process', risk: 'restart' },
      watchRemedy(event),
    ],
    fingerprint: fingerprint(ID, cycle.kind, ...cycle.members.map(({ waiters }) => structure(userFrame(waiters.group.frames)!))),
  };
}

function whyHint(minutes: boolean): string {
  return minutes ? 'nobody outside is in the code that could unlock, but no address shows that these two hold what the other wants' : 'whether they wait for more than a moment one dump cannot say';
}
