import { type Finding, lastEventRule } from '../../report/index.ts';
import { dataOf } from '../data.ts';
import { percent } from '../../report/words.ts';
import type { DrillSeen } from '../model.ts';
import { controlWords, evidenceOf, failuresOf, findingOf, reloadsWords, severityOf, trafficWords } from './about.ts';

const ID = 'reload/timeout';
/** A short queue on a busy machine overflows now and then without any reload. */
const MORE_THAN_USUAL = 3;

/** Requests without an end, and connections that waited for a second SYN: the accept queue was full. */
export const timeout = lastEventRule<DrillSeen>(ID, 'drill', (seen): Finding[] => {
  const failures = failuresOf(seen, ['timeout']);
  const connecting = failures.notes.filter(({ during }) => during === 'connect').length;
  const { acceptQueue } = dataOf(seen, '');
  const late = acceptQueue?.lateConnects ?? 0;
  const usual = lateShare(seen, false);
  const wasFull = (acceptQueue?.overflows ?? 0) > 0 || (acceptQueue !== null && acceptQueue.most > acceptQueue.backlog);
  const isQueue = wasFull && late + connecting > 0 && lateShare(seen, true) > MORE_THAN_USUAL * usual;
  if (failures.judged + failures.streams === 0 && !isQueue) return [];
  const held = isQueue ? `the accept queue was full${acceptQueue!.backlog > 0 ? ` (${acceptQueue!.most} of ${acceptQueue!.backlog})` : ''}` : 'the connection stood, and nobody answered in time';
  const many = failures.judged + failures.streams;
  const lateWords = isQueue && late > 0 ? `${late} connections stood only after ${stepsOf(seen)}` : '';
  return [
    findingOf(seen, {
      id: ID,
      severity: severityOf(seen, failures),
      structure: isQueue ? 'accept queue' : 'no answer',
      title: `${[...(many > 0 ? [`${trafficWords(failures.notes, failures)} had no end in time in ${reloadsWords(seen, failures)}`] : []), ...(lateWords === '' ? [] : [lateWords])].join(', and ')}: ${held}`,
      because: isQueue ? `the kernel drops a SYN when the queue of the listener is full, and the client sends it again after 1, 3, 7 s; ${usual === 0 ? 'the control window had none of these' : `in the control window ${percent(usual)} of the connections had to wait so`}` : `${seen.options.timeoutMs} ms were over, ${controlWords(seen, ['timeout'])}`,
      evidence: evidenceOf(seen, failures, [
        { name: 'while connecting', value: connecting, source: seen.endpoint.label },
        ...(acceptQueue ? [
          { name: 'longest accept queue', value: acceptQueue.most, ...(acceptQueue.backlog > 0 && { limit: acceptQueue.backlog }), source: 'sock_diag' },
          ...(acceptQueue.overflows === null ? [] : [{ name: 'ListenOverflows during the reloads', value: acceptQueue.overflows, source: `/proc/${seen.pid ?? 'self'}/net/netstat` }]),
        ] : []),
      ]),
      remedy: isQueue
        ? [{ text: 'a longer backlog, as many as come in while nobody accepts, and net.core.somaxconn above it; and a shorter time in which nobody accepts', command: `reloadctl listen :${seen.endpoint.port}`, risk: 'none' }]
        : [{ text: 'see what the new generation waits for', command: `reloadctl tasks ${seen.reloads.at(-1)?.newPid ?? 'PID'}`, risk: 'none' }],
    }),
  ];
});

/** The part of the new connections that stood late. */
function lateShare({ load }: DrillSeen, inReloads: boolean): number {
  const phases = load.tally.phases.filter(({ reload }) => inReloads === reload > 0);
  const total = phases.reduce((sum, { by }) => sum + by.new.total, 0);
  return total === 0 ? 0 : phases.reduce((sum, { lateConnects }) => sum + lateConnects.length, 0) / total;
}

/** `1 s (12), 3 s (2)`. */
function stepsOf({ load }: DrillSeen): string {
  const counts = new Map<number, number>();
  for (const { reload, lateConnects } of load.tally.phases) if (reload > 0) for (const ms of lateConnects) counts.set(Math.max(1, Math.round(ms / 1000)), (counts.get(Math.max(1, Math.round(ms / 1000))) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => a - b).map(([seconds, count]) => `${seconds} s (${count})`).join(', ');
}
