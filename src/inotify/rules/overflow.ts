import { processLabel } from '../../kernel/services.ts';
import { subjectOf } from '../../kernel/snapshot-rule.ts';
import { type Finding, fingerprint, type Remedy } from '../../report/index.ts';
import { count, plural } from '../../report/words.ts';
import type { Instance, Queue } from '../instances/model.ts';
import { LARGEST_RECORD_BYTES, RECORD_BYTES } from '../instances/queue.ts';
import { lookRule } from '../look-rule.ts';
import { unshared } from './queue.ts';

const ID = 'inotify/overflow';
/** An event with a name of up to 15 bytes. */
const USUAL_RECORD_BYTES = 32;

/** A queue that is full to the byte: the kernel dropped what came after. */
export const overflow = lookRule(ID, ({ instances }) =>
  unshared(instances).flatMap((instance) => (instance.queue?.state === 'full' ? [findingOf(instance, instance.queue)] : [])),
);

function findingOf(instance: Instance, { highestBytes, limit = 0, overMs, estimate }: Queue): Finding {
  const { process, fd } = instance;
  const each = (highestBytes - RECORD_BYTES) / limit;
  const isUsual = each === USUAL_RECORD_BYTES || (each === RECORD_BYTES && instance.watches?.every(({ what }) => what === 'file'));
  return {
    id: ID,
    severity: 'critical',
    confidence: isUsual ? 'certain' : 'likely',
    because: isUsual
      ? `${count(highestBytes)} bytes are ${count(limit)} events of ${each} bytes and the marker of an overflow behind them, to the byte`
      : estimate
        ? `events of the ${plural('name', estimate.names)} in the watched directories have ${Math.round(highestBytes / limit)} bytes on average: that makes it ${count(estimate.events)} events, and it was not read while it was looked at`
        : `${count(highestBytes)} bytes are ${count(limit)} events of ${each} bytes and a marker; events of several sizes could add up to the same by chance`,
    title: `the queue of inotify fd ${fd} of ${processLabel(process)} is full, events are lost: ${count(highestBytes)} bytes, ${estimate ? 'about ' : ''}${count(limit)} events and no room for more`,
    subject: subjectOf('inotify', 'queue', process),
    evidence: [
      { name: 'bytes that wait', value: highestBytes, unit: 'bytes', source: `FIONREAD of fd ${fd} of ${process.pid}` },
      { name: 'events', value: limit, limit, source: '/proc/sys/fs/inotify/max_queued_events' },
      ...(overMs > 0 ? [{ name: 'looked at for', value: overMs, unit: 'ms', source: `fd ${fd} of ${process.pid}` }] : []),
      ...(instance.library ? [{ name: 'library', value: instance.library.name, source: `/proc/${process.pid}/fdinfo/${fd}` }] : []),
    ],
    remedy: remediesOf(instance, limit),
    fingerprint: fingerprint(ID, 'full'),
  };
}

function remediesOf({ process, library }: Instance, limit: number): Remedy[] {
  const silent = library?.tellsOverflow === false;
  return [
    {
      text: silent
        ? `${library?.name} does not tell its program of an overflow: reload or restart it, so that it looks at all files anew`
        : 'what the program knows of these files is old: reload or restart it, so that it looks at all of them anew',
      risk: 'reload',
    },
    { text: 'find what holds up the thread that reads: an overflow is a reader that stands still, the kernel hands out millions of events a second', command: `reloadctl inotify ${process.pid} --watch 5s`, risk: 'none' },
    {
      text: `more room is a crutch, costs up to ${LARGEST_RECORD_BYTES} bytes of kernel memory per event, and counts for instances made afterwards only: restart the program behind it`,
      command: `sudo sysctl fs.inotify.max_queued_events=${limit * 4}`,
      risk: 'host',
    },
  ];
}
