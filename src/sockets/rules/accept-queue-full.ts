import { processLabel, servicesOf } from '../../kernel/services.ts';
import { snapshotRule, subjectOf } from '../../kernel/snapshot-rule.ts';
import { type Finding, fingerprint } from '../../report/index.ts';
import { count } from '../../report/words.ts';
import { shapeOf } from '../../kernel/shape.ts';
import { acceptQueues, type FullQueue } from './accept-queues.ts';
import { listenerRemedies } from './accept-queue-remedy.ts';

const ID = 'listen/accept-queue-full';

/** Completed connections wait and nobody accepts: the kernel drops the last step of further connects, without an error anywhere. */
export const acceptQueueFull = snapshotRule(ID, (snapshot) =>
  servicesOf(snapshot.tables)
    .flatMap((service) => acceptQueues(snapshot, service))
    .sort((a, b) => b.queue - a.queue)
    .map(findingOf),
);

const isKnown = 'the kernel says how long the queue is and how long it may be';
const isImplied =
  'the same connections still waited at the second look, and others were turned away; how long the queue may be only sock_diag says';

function findingOf(full: FullQueue): Finding {
  const { owner, owners, row, where, queue, backlog, source, pending, overflows, afterMs } = full;
  const table = `/proc/${owner.pid}/net/${row.protocol}`;
  const stopped = owner.state === 'T' || owner.state === 't';
  const whose = `${row.protocol} listener ${where} of ${processLabel(owner)}${owners > 1 ? ` and ${count(owners - 1)} more` : ''}`;
  const waiting = `${count(queue)}${backlog === undefined ? '' : ` of ${count(backlog)}`} connections wait to be accepted`;
  return {
    id: ID,
    severity: full.proven && full.stuck && full.refusing ? 'critical' : 'warning',
    confidence: full.proven ? 'certain' : 'likely',
    because: full.proven ? isKnown : isImplied,
    title: `${whose}: ${waiting}, further ones ${row.protocol === 'unix' ? 'block' : 'are dropped'}${stopped ? '; the process is stopped' : ''}`,
    subject: subjectOf('listener', `${row.protocol} ${where}`, owner),
    evidence: [
      { name: 'accept queue', value: queue, ...(backlog !== undefined && { limit: backlog }), source },
      ...(pending ? [
        { name: 'connections nobody has accepted', value: pending.neverAccepted, source: table },
        { name: 'connects that get no answer', value: pending.knocking, source: table },
      ] : []),
      ...(afterMs === undefined ? [] : [
        ...(row.protocol === 'unix' ? [] : [{ name: 'listen overflows meanwhile', value: overflows, source: `/proc/${owner.pid}/net/netstat` }]),
        { name: 'seen again after', value: afterMs, unit: 'ms', source },
      ]),
      { name: 'state of the process', value: owner.state, source: `/proc/${owner.pid}/stat` },
    ],
    remedy: listenerRemedies(full, stopped),
    fingerprint: fingerprint(ID, row.protocol.replace(/6$/, ''), 'LISTEN', row.path === undefined ? '' : shapeOf(row.path)),
  };
}
