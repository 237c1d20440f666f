/** The look that is left when a watched process has ended or the user stopped: what the last sample held. */
import { CoverageLog } from '../coverage.ts';
import type { Fd, Process, Snapshot } from '../types.ts';
import { snapshotOf } from './empty.ts';
import { labelOf } from './label.ts';

export function lookFromSamples(
  last: readonly { process: Process; fds: Fd[] }[],
  name: string,
  gone: readonly { pid: number; how: 'gone' | 'reused' }[],
): { snapshot: Snapshot; coverage: CoverageLog } {
  const coverage = new CoverageLog();
  for (const { pid, how } of gone) {
    const detail = how === 'gone' ? `process ${pid} ended while it was watched` : `pid ${pid} was used again while it was watched: it is another process now`;
    coverage.note({ source: 'processes', status: 'absent', seen: 0, total: 1, detail, needed: true });
  }
  if (gone.length === 0) coverage.note({ source: 'fd table', status: 'partial', detail: 'stopped by a signal: the last sample is shown', needed: true });
  const label = labelOf(last.map(({ process }) => process), name);
  return { coverage, snapshot: snapshotOf(label, last.map(({ process, fds }) => ({ process, fds }))) };
}
