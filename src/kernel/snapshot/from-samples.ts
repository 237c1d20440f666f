/** The look that is left when a watched process has ended or the user stopped: what the last sample held. */
import { CoverageLog } from '../coverage.ts';
import { isPath } from '../kinds/path.ts';
import type { Fd, FdTable, Process, Snapshot } from '../types.ts';
import { snapshotOf } from './empty.ts';
import { labelOf } from './label.ts';
import { OWNERS } from './neighbours.ts';
import { FLAGS, TYPES } from './note-details.ts';

/**
 * @param name of the target, for the label
 * @param gone processes that ended, or whose pid is another process now: coverage tells them
 */
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
  const tables = last.map(({ process, fds }): FdTable => ({ process, fds, linksOnly: true }));
  noteUnasked(tables, coverage);
  return { coverage, snapshot: snapshotOf(label, tables) };
}

/** What is asked once, at the end: without a word, "no CLOEXEC" that is missing would look like a flag that is set. */
function noteUnasked(tables: readonly FdTable[], coverage: CoverageLog): void {
  const fds = tables.flatMap((table) => table.fds);
  const paths = fds.filter((fd) => isPath(fd.link));
  const ends = fds.filter((fd) => fd.kind === 'socket' || fd.kind === 'pipe');
  const note = (source: string, seen: number, total: number): void => {
    if (seen === total) return;
    coverage.note({ source, status: 'partial', seen, total, detail: 'asked for once at the end of a watch, which was not reached', needed: false });
  };
  note(FLAGS, fds.filter((fd) => fd.info).length, fds.length);
  note(TYPES, paths.filter((fd) => fd.stat).length, paths.length);
  note(OWNERS, 0, ends.length);
}
