import { lastEventRule } from '../../report/index.ts';
import { duration, listOf, plural } from '../../report/words.ts';
import type { DrillSeen } from '../model.ts';
import { findingOf } from './about.ts';

const ID = 'reload/old-stays';

/** Processes of an old generation that do not end: each reload adds some, with all that they hold. */
export const oldStays = lastEventRule<DrillSeen>(ID, 'drill', (seen) => {
  const hit = seen.reloads.filter(({ stayed }) => stayed.length > 0);
  if (hit.length === 0) return [];
  const stayed = [...new Map(hit.flatMap((reload) => reload.stayed).map((one) => [`${one.pid} ${one.startTime}`, one])).values()];
  return [
    findingOf(seen, {
      id: ID, severity: 'warning', structure: 'stays',
      title: `${plural('process', stayed.length, 'processes')} of old generations still there ${duration(seen.options.drainMs)} after the new one served, in ${hit.length} of ${seen.reloads.length} reloads (pid ${listOf(stayed.map(({ pid }) => pid))})`,
      because: 'pid and start time are those of before the reload, and it is no zombie',
      evidence: stayed.slice(0, 5).map(({ pid, comm }) => ({ name: 'still there', value: comm, source: `/proc/${pid}/stat` })),
      remedy: [
        { text: 'see what it waits for: connections that clients hold open are the usual cause', command: `reloadctl fds ${stayed[0]!.pid} --list --where 'kind=socket state=ESTABLISHED'`, risk: 'none' },
        { text: 'set a limit to the drain: worker_shutdown_timeout in nginx, hard-stop-after in haproxy, a context with a deadline for Shutdown in Go', risk: 'none' },
      ],
    }),
  ];
});
