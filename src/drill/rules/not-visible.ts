import { type Finding, lastEventRule } from '../../report/index.ts';
import { duration, plural } from '../../report/words.ts';
import type { DrillSeen } from '../model.ts';
import { findingOf } from './about.ts';

const ID = 'reload/not-visible';

/** A file was changed, and the server goes on with what it had; or it takes the change and goes back. */
export const notVisible = lastEventRule<DrillSeen>(ID, 'drill', (seen) => [...never(seen), ...back(seen)]);

function never(seen: DrillSeen): Finding[] {
  const { options: { change, expect, reloadMs }, reloads, deadWatches } = seen;
  const missed = reloads.filter(({ happened, problem }) => !happened && problem === undefined);
  if (!change || !expect || missed.length === 0) return [];
  const [first] = missed;
  const before = reloads.filter(({ happened, index }) => happened && index < first!.index).length;
  const isDead = deadWatches.length > 0;
  return [
    findingOf(seen, {
      id: ID, severity: 'critical', structure: isDead ? 'dead watch' : 'never',
      title: `change ${first!.index} of ${change.file} was not seen within ${duration(reloadMs)}${before > 0 ? `, after ${plural('change', before)} that ${before === 1 ? 'was' : 'were'}` : ''}${isDead ? ': its watch is dead, it watches a file that was replaced' : ''}`,
      because: `${expect.words}: it did not${isDead ? '; and inotify of the process watches an inode that has no name any more' : ''}`,
      evidence: [
        { name: 'changes seen', value: before, source: seen.endpoint.label },
        { name: 'looked at for', value: reloadMs, unit: 'ms', source: seen.endpoint.label },
        ...deadWatches.map((source) => ({ name: 'dead watch', value: true, source })),
      ],
      remedy: [
        { text: 'watch the directory of the file instead of the file, or watch it anew when it was replaced: a rename gives a name to another inode', ...(seen.pid !== null && { command: `reloadctl inotify ${seen.pid} --expect ${change.file}` }), risk: 'none' },
      ],
    }),
  ];
}

function back(seen: DrillSeen): Finding[] {
  const hit = seen.reloads.filter(({ wentBack }) => wentBack > 0);
  if (hit.length === 0 || !seen.options.expect) return [];
  const stable = Math.max(0, ...hit.map(({ visibleMs, stableMs }) => (stableMs ?? 0) - (visibleMs ?? 0)));
  return [
    findingOf(seen, {
      id: ID, severity: 'warning', structure: 'went back',
      title: `mixed versions: after it was first seen the change was gone again ${plural('time', hit.reduce((sum, { wentBack }) => sum + wentBack, 0))} in ${hit.length} of ${seen.reloads.length} reloads, for up to ${duration(stable)}`,
      because: 'the same question was answered with the new and then with the old version',
      evidence: [{ name: 'reloads', value: hit.map(({ index }) => index).join(', '), source: seen.endpoint.label }],
      remedy: [{ text: 'workers take the new configuration one by one: let clients bear both, or switch all of them at once', risk: 'none' }],
    }),
  ];
}
