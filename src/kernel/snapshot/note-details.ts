/** What is told of the answers beyond the links: which did not come, and which were not asked for. */
import { type CoverageLog, errnoWords, statusOf } from '../coverage.ts';
import type { RawTable } from '../fd-table.ts';
import { kindOf } from '../kinds/index.ts';
import { isPath } from '../kinds/path.ts';
import type { FdTable } from '../types.ts';
import type { SnapshotOptions } from './options.ts';

export const FLAGS = 'open flags';
export const TYPES = 'file types and sizes';
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
  const flags = { seen: 0, total: 0 };
  const types = { seen: 0, total: 0 };
  for (const fd of table.fds) {
    if (!kindOf(fd).infoBlocks) add(flags, fd.info);
    if (isPath(fd.link)) add(types, fd.stat);
  }
  const { plain } = table;
  for (let position = 0; position < (plain?.size ?? 0); position++) {
    flags.total++;
    if (plain!.inodeAt(position) === 0) types.total++;
  }
  if (!raw.failures.has('flags')) notePart(FLAGS, flags, options, coverage);
  if (!raw.failures.has('stat')) notePart(TYPES, types, options, coverage);
}

interface Part {
  seen: number;
  total: number;
}

function add(part: Part, answer: object | undefined): void {
  part.total++;
  if (answer) part.seen++;
}

/** Not needed: what is unlinked, listens, is polled, or is held by a relative was asked. */
function notePart(source: string, { seen, total }: Part, { rerun }: SnapshotOptions, coverage: CoverageLog): void {
  if (seen === total) return;
  const detail = 'of each large group some were asked, which stand for the rest';
  coverage.note({ source, status: 'partial', seen, total, detail, fix: `${rerun} --list`, needed: false });
}
