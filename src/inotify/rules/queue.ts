import { processLabel } from '../../kernel/services.ts';
import { subjectOf } from '../../kernel/snapshot-rule.ts';
import { type Finding, fingerprint, type Remedy } from '../../report/index.ts';
import { bytes, count, duration, percent } from '../../report/words.ts';
import type { Instance, Queue } from '../instances/model.ts';
import { eventsIn, USUAL_LIMIT } from '../instances/queue.ts';
import { isFirst } from '../instances/shared.ts';
import { lookRule } from '../look-rule.ts';

const ID = 'inotify/queue';
/** Some programs read only when they need to know: a few events that wait are no backlog. 64 of 32 bytes. */
const BACKLOG_BYTES = 2048;
/** From here on time was enough to say that it is no moment's pause. */
const LONG_ENOUGH_MS = 2000;
/** Nobody reads in batches this far apart. */
const FOR_LONG_MS = 20_000;
/** A queue that will be full so soon at this rate is worth a word now. */
const SOON_MS = 30_000;
/** An event with a name of up to 15 bytes. */
const USUAL_RECORD_BYTES = 32;

/** Events wait, and whoever takes some takes no more than come. A full queue is another finding. */
export const queue = lookRule(ID, ({ instances, maxQueuedEvents }) => {
  const found = unshared(instances).flatMap((instance) => {
    const finding = instance.queue && findingOf(instance, instance.queue, maxQueuedEvents ?? USUAL_LIMIT);
    return finding ? [finding] : [];
  });
  return found;
});

/** A queue that several processes share is one queue. */
export function unshared(instances: readonly Instance[]): Instance[] {
  return instances.filter(({ process, fd, sharedWith }) => isFirst({ pid: process.pid, fd, sharedWith }));
}

function findingOf(instance: Instance, seen: Queue, limit: number): Finding | undefined {
  if (seen.state !== 'stuck') return undefined;
  const { process, fd } = instance;
  const waits = eventsIn(seen.bytes, limit);
  const isWatched = seen.overMs >= LONG_ENOUGH_MS;
  const mayBeFull = seen.mayBeFull !== undefined;
  const who = processLabel(process);
  const nearly = seen.nearlyFull === undefined ? '' : seen.nearlyFull === 1 ? ': there is no room for one more' : `: ${percent(seen.nearlyFull)} of its room`;
  return {
    id: ID,
    severity: seen.stopped || mayBeFull || seen.nearlyFull !== undefined || isSerious(seen, limit) ? 'warning' : 'info',
    confidence: mayBeFull ? 'hint' : seen.stopped ? 'certain' : isWatched ? 'likely' : 'hint',
    because: mayBeFull
      ? `it holds ${count(limit)} events at most, and so many bytes can be that many: the names of what changed decide, and the kernel tells only bytes`
      : seen.stopped
        ? 'the process is stopped: it reads nothing until it is continued'
        : `the queue was looked at ${count(seen.samples)} times in ${duration(seen.overMs)} and never became shorter: it is not read, or not faster than events come`,
    title: `${bytes(seen.bytes)} of events wait in inotify fd ${fd} of ${who}, ${seen.stopped ? 'and the process is stopped' : `and ${(seen.growth ?? 0) > 0 ? 'became more' : 'did not become fewer'} in ${duration(seen.overMs)}`}${mayBeFull ? ': the queue may be full, and events lost' : nearly}`,
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

/** Programs that read now and then are healthy: only a queue that fills up is none, or one that nobody reads for long. */
function isSerious({ bytes: waiting, overMs, growth = 0 }: Queue, limit: number): boolean {
  if (waiting < BACKLOG_BYTES || overMs < LONG_ENOUGH_MS) return false;
  const room = limit * USUAL_RECORD_BYTES;
  return overMs >= FOR_LONG_MS || waiting >= room / 4 || waiting + (growth * SOON_MS) / 1000 >= room;
}

function remediesOf({ process }: Instance, { stopped, overMs }: Queue): Remedy[] {
  if (stopped) return [{ text: 'continue it, if it is not being debugged', command: `kill -CONT ${process.pid}`, risk: 'live' }];
  const watch: Remedy = { text: 'see whether it ever becomes shorter', command: `reloadctl inotify ${process.pid} --watch 5s`, risk: 'none' };
  return [
    ...(overMs < LONG_ENOUGH_MS ? [watch] : []),
    { text: 'it is read too slowly, or not at all: watch less, or find what holds up the thread that reads (a long garbage collection, a blocked event loop, a channel that nobody receives from)', risk: 'none' },
  ];
}
