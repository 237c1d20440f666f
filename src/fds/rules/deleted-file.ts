import { fdsOf } from '../../kernel/fd-index.ts';
import { file } from '../../kernel/kinds/file.ts';
import { fileIdentity, isDeleted, pathOf } from '../../kernel/kinds/path.ts';
import { O_TMPFILE } from '../../kernel/proc/fdinfo.ts';
import { processLabel } from '../../kernel/services.ts';
import { snapshotRule, subjectOf } from '../../kernel/snapshot-rule.ts';
import type { Fd, FdTable, Process } from '../../kernel/types.ts';
import { type EvidenceItem, type Finding, fingerprint, type Remedy } from '../../report/index.ts';
import { bytes, plural } from '../../report/words.ts';

const ID = 'fd/deleted-file';
const WARNING_BYTES = 16 * 1024 * 1024;
/** Memory that the kernel shows as an unlinked path: shm_open, shared anonymous mappings, System V segments, aio rings, huge pages. */
const sharedMemory = /^\/(?:dev\/shm\/|dev\/zero(?: |$)|SYSV[0-9a-f]{8}|memfd:|\[aio\]|anon_hugepage)/;

/** One unlinked inode, however many descriptors hold it. */
interface DeletedFile {
  process: Process;
  fd: Fd;
  /** Undefined when the file could not be asked, so that its name is all that speaks for it. */
  allocated: number | undefined;
}

/** Regular files without a name whose space stays taken until the last descriptor is closed. */
export const deletedFile = snapshotRule(ID, ({ tables }) => {
  const files = deletedFiles(tables);
  if (files.length === 0) return [];
  files.sort((a, b) => (b.allocated ?? -1) - (a.allocated ?? -1));
  const proven = files.filter(({ allocated }) => allocated !== undefined);
  const asked = tables.some(({ linksOnly }) => !linksOnly);
  return [proven.length > 0 ? findingOf(proven, files.length - proven.length) : namesOnly(files, asked)];
});

function deletedFiles(tables: readonly FdTable[]): DeletedFile[] {
  const files = new Map<string, DeletedFile>();
  for (const { process, fds } of tables) {
    for (const fd of fdsOf(fds, file)) {
      // An empty one (a lock file, say) keeps no space from anybody.
      if (!isDeleted(fd.link, fd.stat) || fd.stat?.allocatedBytes === 0 || sharedMemory.test(fd.link)) continue;
      const { id } = fileIdentity(fd);
      if (!files.has(id)) files.set(id, { process, fd, allocated: fd.stat?.allocatedBytes });
    }
  }
  return [...files.values()];
}

function findingOf(files: readonly DeletedFile[], unasked: number): Finding {
  const total = files.reduce((sum, { allocated }) => sum + allocated!, 0);
  const largest = files[0]!;
  const { process, fd } = largest;
  const unnamed = files.filter((entry) => ((entry.fd.info?.flags ?? 0) & O_TMPFILE) === O_TMPFILE).length;
  const holds = files.length === 1 ? 'holds' : 'hold';
  const which = files.length === 1 ? 'it is' : `the largest, ${bytes(largest.allocated!)}, is`;
  return {
    id: ID,
    severity: total >= WARNING_BYTES ? 'warning' : 'info',
    confidence: 'certain',
    because: 'the kernel counts no name for these files any more, and the descriptors keep their blocks allocated',
    title: `${plural('deleted file', files.length)} still ${holds} ${bytes(total)}: ${which} ${placeOf(largest)}`,
    subject: subjectOf('file', 'deleted files', process),
    evidence: [
      { name: 'deleted files held open', value: files.length, source: `/proc/${process.pid}/fd` },
      { name: 'allocated space', value: total, unit: 'bytes', source: `stat /proc/${process.pid}/fd` },
      { name: 'largest', value: largest.allocated!, unit: 'bytes', source: `stat /proc/${process.pid}/fd/${fd.fd}` },
      ...(unnamed > 0 ? [{ name: 'of these made without a name (O_TMPFILE)', value: unnamed, source: `/proc/${process.pid}/fdinfo` }] : []),
      ...(unasked > 0 ? [{ name: 'more that could not be asked for their size', value: unasked, source: `/proc/${process.pid}/fd` }] : []),
    ] satisfies EvidenceItem[],
    remedy: remediesOf(largest),
    fingerprint: fingerprint(ID, 'unlinked file'),
  };
}

const UNANSWERED = 'only the names say "(deleted)": the files did not answer stat in time, so neither their size nor a second name is known';
const UNASKED = 'only the names say "(deleted)", as a file may also be called: the watch ended before their size and link count were asked for';

function namesOnly(files: readonly DeletedFile[], asked: boolean): Finding {
  const { process } = files[0]!;
  return {
    id: ID,
    severity: 'info',
    confidence: 'hint',
    because: asked ? UNANSWERED : UNASKED,
    title: `${plural('open file', files.length)} ${files.length === 1 ? 'seems' : 'seem'} deleted, of unknown size: one is ${placeOf(files[0]!)}`,
    subject: subjectOf('file', 'deleted files', process),
    evidence: [{ name: 'names marked deleted', value: files.length, source: `/proc/${process.pid}/fd` }],
    remedy: remediesOf(files[0]!),
    fingerprint: fingerprint(ID, 'unlinked file'),
  };
}

function placeOf({ process, fd }: DeletedFile): string {
  return `${pathOf(fd)} (fd ${fd.fd} of ${processLabel(process)})`;
}

function remediesOf({ process, fd }: DeletedFile): Remedy[] {
  return [
    {
      text: 'if these are logs: make the program open its logs anew (its reload signal), and let the rotation do so from now on',
      risk: 'reload',
    },
    {
      text: 'if the largest is a log that nobody needs: empty it in place, which loses what is in it; never a database or a temporary file',
      command: `: > /proc/${process.pid}/fd/${fd.fd}`,
      risk: 'live',
    },
    { text: 'a restart of the program gives all of the space back', risk: 'restart' },
  ];
}
