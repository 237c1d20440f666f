import { lastEventRule } from '../../report/index.ts';
import { duration } from '../../report/words.ts';
import { listenerOf } from '../data.ts';
import type { DrillSeen } from '../model.ts';
import { controlWords, evidenceOf, failuresOf, findingOf, longestSpan, reloadsWords, severityOf, trafficWords } from './about.ts';

const ID = 'reload/refused';

/** Nobody listened: the old generation closed its socket before the new one had its own. */
export const refused = lastEventRule<DrillSeen>(ID, 'drill', (seen) => {
  const failures = failuresOf(seen, ['refused']);
  if (failures.judged + failures.streams === 0) return [];
  const span = longestSpan(failures.notes);
  const listener = listenerOf(seen.reloads);
  const died = seen.diedAtMs !== null;
  return [
    findingOf(seen, {
      id: ID,
      severity: severityOf(seen, failures),
      structure: died ? 'died' : listener,
      title: died
        ? `nobody listens any more since reload ${seen.reloads.length}: ${trafficWords(failures.notes, failures)} refused, and nobody took the place of ${seen.label}`
        : `nobody listened for up to ${duration(span)}: ${trafficWords(failures.notes, failures)} refused in ${reloadsWords(seen, failures)}`,
      because: `the kernel refuses a connection (ECONNREFUSED) when no socket listens on the port, ${controlWords(seen, ['refused'])}`,
      evidence: evidenceOf(seen, failures, [
        { name: 'longest time from the first to the last refusal', value: Math.round(span * 10) / 10, unit: 'ms', source: seen.endpoint.label },
        { name: 'listener', value: listener, source: `/proc/${seen.pid ?? 'self'}/net/tcp` },
      ]),
      remedy: [
        { text: 'hand the listening socket over to the new generation (by descriptor, as nginx does and tableflip; or let systemd hold it), or let the new one listen (SO_REUSEPORT) before the old one closes', risk: 'none' },
        { text: 'see which calls lie between close and listen', command: `reloadctl strace -p ${seen.reloads.at(-1)?.newPid ?? seen.pid ?? 'PID'} --for 10s`, risk: 'live' },
      ],
    }),
  ];
});
