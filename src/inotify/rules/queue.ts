import { processLabel } from '../../kernel/services.ts';
import { subjectOf } from '../../kernel/snapshot-rule.ts';
import { type Finding, fingerprint, type Remedy } from '../../report/index.ts';
import { bytes, count, duration } from '../../report/words.ts';
import type { Instance, Queue } from '../instances/model.ts';
import { eventsIn, USUAL_LIMIT } from '../instances/queue.ts';
import { lookRule } from '../look-rule.ts';

const ID = 'inotify/queue';
/** Some programs read only when they need to know: a few events that wait are no backlog. 64 of 32 bytes. */
const BACKLOG_BYTES = 2048;
/** From here on time was enough to say that nobody reads. */
const LONG_ENOUGH_MS = 2000;

/** Events wait and nobody takes them. A full queue is another finding. */
export const queue = lookRule(ID, ({ instances, maxQueuedEvents }) => {
  const found = unshared(instances).flatMap((instance) => {
    const finding = instance.queue && findingOf(instance, instance.queue, maxQueuedEvents ?? USUAL_LIMIT);
    return finding ? [finding] : [];
  });
  return found;
});

/** A queue that several processes share is one queue. */
export function unshared(instances: readonly Instance[]): Instance[] {
  return instances.filter(({ process, sharedWith }) => sharedWith.every(({ pid }) => process.pid < pid));
}

function findingOf(instance: Instance, seen: Queue, limit: number): Finding | undefined {
  if (seen.state !== 'stuck') return undefined;
  const { process, fd } = instance;
  const waits = eventsIn(seen.bytes);
  const isWatched = seen.overMs >= LONG_ENOUGH_MS;
  const isBacklog = seen.bytes >= BACKLOG_BYTES;
  const who = processLabel(process);
  return {
    id: ID,
    severity: seen.stopped || (isWatched && isBacklog) ? 'warning' : 'info',
    confidence: seen.stopped ? 'certain' : isWatched ? 'likely' : 'hint',
    because: seen.stopped
      ? 'the process is stopped: it reads nothing until it is continued'
      : `the queue was looked at ${count(seen.samples)} times in ${duration(seen.overMs)} and never became shorter`,
    title: `${bytes(seen.bytes)} of events wait in inotify fd ${fd} of ${who}, and ${seen.stopped ? 'the process is stopped' : 'nobody reads them'}`,
    subject: subjectOf('inotify', 'queue', process),
    evidence: [
      { name: 'bytes that wait', value: seen.bytes, unit: 'bytes', source: `FIONREAD of fd ${fd} of ${process.pid}` },
      { name: 'events that is', value: `${count(waits.least)} to ${count(waits.most)}`, limit, source: '/proc/sys/fs/inotify/max_queued_events' },
      { name: 'state of the process', value: process.state, source: `/proc/${process.pid}/stat` },
    ],
    remedy: remediesOf(instance, seen),
    fingerprint: fingerprint(ID, 'stuck'),
  };
}

function remediesOf({ process }: Instance, { stopped, overMs }: Queue): Remedy[] {
  if (stopped) return [{ text: 'continue it, if it is not being debugged', command: `kill -CONT ${process.pid}`, risk: 'live' }];
  const watch: Remedy = { text: 'see whether it is read at all', command: `reloadctl inotify ${process.pid} --watch 5s`, risk: 'none' };
  return [
    ...(overMs < LONG_ENOUGH_MS ? [watch] : []),
    { text: 'find what holds up the thread that reads: a long garbage collection, a blocked event loop, a channel that nobody receives from', risk: 'none' },
  ];
}
