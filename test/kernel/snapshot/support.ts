import type { Coverage } from '../../../src/report/types.ts';
import type { SnapshotOptions } from '../../../src/kernel/snapshot/options.ts';
import { takeSnapshot } from '../../../src/kernel/snapshot/take.ts';
import type { Snapshot } from '../../../src/kernel/types.ts';
import { verdictOf } from '../../../src/report/verdict.ts';
import { type FakeEvidence, fakeEvidence, type World } from '../../support/fake-evidence.ts';

export interface Look {
  snapshot: Snapshot;
  /** By source. */
  coverage: Record<string, Coverage>;
  /** Of the coverage alone, without any finding: `pass` is exit 0, `inconclusive` exit 3. */
  verdict: string;
  evidence: FakeEvidence;
}

export async function look(world: World, pids: readonly number[] = [42], changes: Partial<SnapshotOptions> = {}): Promise<Look> {
  const evidence = fakeEvidence(world);
  const options = {
    allOwners: false,
    everything: false,
    rerun: 'reloadctl fds 42',
    isRoot: false,
    signal: new AbortController().signal,
    ...changes,
  };
  const { snapshot, coverage } = await takeSnapshot(evidence, pids, '', options);
  const list = coverage.list();
  return {
    snapshot,
    coverage: Object.fromEntries(list.map((line) => [line.source, line])),
    verdict: verdictOf([], list, 'critical'),
    evidence,
  };
}
