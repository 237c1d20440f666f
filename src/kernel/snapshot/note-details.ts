/** What is told of the answers beyond the links: which did not come, and which were not asked for. */
import { type CoverageLog, errnoWords, statusOf } from '../coverage.ts';
import type { RawTable } from '../fd-table.ts';
import { kindOf } from '../kinds/index.ts';
import { isPath } from '../kinds/path.ts';
import type { Fd, FdTable } from '../types.ts';
import type { SnapshotOptions } from './options.ts';

const FLAGS = 'open flags';
const TYPES = 'file types and sizes';
const failureSources = { flags: FLAGS, stat: TYPES, fdinfo: 'epoll and inotify contents' } as const;

/** Call it once per table, when nothing more will be read of it. */
export function noteDetails(raw: RawTable, table: FdTable, options: SnapshotOptions, coverage: CoverageLog): void {
  for (const [asked, failure] of raw.failures) {
    coverage.note({
      source: failureSources[asked],
      status: statusOf(failure.errno),
      seen: failure.total - failure.count,
      total: failure.total,
      detail: errnoWords(failure.errno),
      needed: true,
    });
  }
  if (!raw.sampled || raw.stopped) return;
  if (!raw.failures.has('flags')) notePart(FLAGS, table.fds.filter((fd) => !kindOf(fd).infoBlocks), ({ info }) => info !== undefined, options, coverage);
  if (!raw.failures.has('stat')) notePart(TYPES, table.fds.filter((fd) => isPath(fd.link)), ({ stat }) => stat !== undefined, options, coverage);
}

/** Not needed: what is unlinked, listens, is polled, or is held by a relative was asked. */
function notePart(source: string, fds: readonly Fd[], isAsked: (fd: Fd) => boolean, { rerun }: SnapshotOptions, coverage: CoverageLog): void {
  const seen = fds.filter(isAsked).length;
  if (seen === fds.length) return;
  const detail = 'of each large group some were asked, which stand for the rest';
  coverage.note({ source, status: 'partial', seen, total: fds.length, detail, fix: `${rerun} --list`, needed: false });
}
