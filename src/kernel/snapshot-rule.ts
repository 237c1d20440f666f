import type { Finding, Remedy, RuleDefinition, Subject } from '../report/index.ts';
import type { Process, Snapshot } from './types.ts';

/**
 * A rule that judges one look. Of several looks it judges the last: what an earlier one showed and the last does not is over.
 * Events of other types pass by.
 */
export function snapshotRule(id: string, judge: (snapshot: Snapshot) => Finding[]): RuleDefinition<Snapshot> {
  return {
    id,
    create() {
      let last: Snapshot | undefined;
      return {
        observe(event) {
          if (event.type === 'snapshot') last = event;
        },
        finish: () => (last ? judge(last) : []),
      };
    },
  };
}

/** What a finding is about, pinned to one process. */
export function subjectOf(kind: string, key: string, process: Process): Subject {
  return { kind, key, pid: process.pid, startTime: process.startTime };
}

/** One look tells no rate: the command that does. */
export function watchRemedy(process: Process, text = 'see whether their number rises'): Remedy {
  return { text, command: `reloadctl fds ${process.pid} --watch 30s`, risk: 'none' };
}
