import { type Finding, lastEventRule } from '../../report/index.ts';
import type { DrillSeen } from '../model.ts';
import { countedIn } from '../verdict.ts';
import { evidenceOf, failuresOf, findingOf, reloadsWords, severityOf, trafficWords } from './about.ts';

const ID = 'reload/reset';

/** Connections that stood and were reset, or closed, before any answer; and the race of a close with a request, apart. */
export const reset = lastEventRule<DrillSeen>(ID, 'drill', (seen) => [...unanswered(seen), ...raced(seen)]);

function unanswered(seen: DrillSeen): Finding[] {
  const failures = failuresOf(seen, ['reset']);
  if (failures.judged + failures.streams === 0) return [];
  const overlap = seen.reloads.some((reload) => reload.overlap && failures.reloads.includes(reload.index));
  const resets = failures.notes.filter(({ detail }) => detail === 'ECONNRESET' || detail === 'EPIPE').length;
  const newOnly = failures.notes.filter(({ traffic }) => traffic === 'new').length;
  const cause = overlap && newOnly > 0
    ? 'they were in the accept queue of a socket that the old generation closed (SO_REUSEPORT)'
    : 'the old generation was ended before it answered what it had accepted, or closed its socket with connections in its queue';
  return [
    findingOf(seen, {
      id: ID,
      severity: severityOf(seen, failures),
      structure: overlap ? 'reuseport' : 'ended',
      title: `${trafficWords(failures.notes, failures)} were reset before any answer in ${reloadsWords(seen, failures)}: ${cause}`,
      because: overlap
        ? 'several sockets listened on the port at once, and the kernel resets what waits in the queue of one that is closed'
        : 'the connection stood, and ended without a byte of an answer',
      evidence: evidenceOf(seen, failures, [{ name: 'of which RST', value: resets, source: seen.endpoint.label }, { name: 'several sockets listened at once', value: overlap, source: `/proc/${seen.pid ?? 'self'}/net/tcp` }]),
      remedy: overlap
        ? [
            { text: 'hand the same socket over instead of a second one: its queue goes with it', risk: 'none' },
            { text: 'or let the kernel move what waits to another socket of the group (Linux 5.14)', command: 'sudo sysctl net.ipv4.tcp_migrate_req=1', risk: 'host' },
          ]
        : [{ text: 'stop accepting first, answer what was accepted, then end: Server.Shutdown in Go, worker_shutdown_timeout in nginx, terminationGracePeriodSeconds longer than the longest request', risk: 'none' }],
    }),
  ];
}

function raced(seen: DrillSeen): Finding[] {
  const { raced: count, total } = countedIn(seen, 'pooled', 'reloads');
  if (count === 0) return [];
  const inControl = countedIn(seen, 'pooled', 'control').raced;
  return [
    findingOf(seen, {
      id: ID,
      severity: inControl > 0 ? 'info' : 'warning',
      structure: 'keep-alive race',
      title: `keep-alive race: ${count} of ${total} requests met a connection that was being closed; asked anew they were answered: clients that retry GET see nothing, a POST fails`,
      because: inControl > 0 ? `${inControl} did so in the control window too, without any reload` : 'the connection had been kept, it ended at once and without a byte, and the same request on a new one was answered',
      evidence: [{ name: 'requests that met a closing connection', value: count, source: seen.endpoint.label }, { name: 'in the control window', value: inControl, source: seen.endpoint.label }],
      remedy: [{ text: 'announce the end: answer with Connection: close while the old generation drains, and close a little later; let clients retry what is idempotent', risk: 'none' }],
    }),
  ];
}
