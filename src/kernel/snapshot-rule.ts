import { type Finding, lastEventRule, type Remedy, type RuleDefinition, type Subject } from '../report/index.ts';
import type { Process, Snapshot } from './types.ts';

/** A rule that judges one look; of several the last. */
export function snapshotRule(id: string, judge: (snapshot: Snapshot) => Finding[]): RuleDefinition<Snapshot> {
  return lastEventRule(id, 'snapshot', judge);
}

/** What a finding is about, pinned to one process. */
export function subjectOf(kind: string, key: string, process: Process): Subject {
  return { kind, key, pid: process.pid, startTime: process.startTime };
}

/** One look tells no rate: the command that does. */
export function watchRemedy(process: Process, text = 'see whether their number rises'): Remedy {
  return { text, command: `reloadctl fds ${process.pid} --watch 30s`, risk: 'none' };
}
