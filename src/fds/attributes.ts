/** The flat row of one descriptor: what --list shows, --where filters, --sort orders, --group-by groups, and JSON holds. */
import { type AttributeValue, attributesOf, kindOf } from '../kernel/kinds/index.ts';
import { isDeleted } from '../kernel/kinds/path.ts';
import type { OtherEnds } from '../kernel/other-ends.ts';
import { accessMode, O_CLOEXEC } from '../kernel/proc/fdinfo.ts';
import { decodeText } from '../kernel/text.ts';
import type { Fd } from '../kernel/types.ts';

/** Keys every row has; those of the kind follow. `null` is "could not be read". */
export interface FdRow extends FdSummary {
  /** Base64 of the link's bytes when they are not UTF-8. */
  targetBytes?: string;
  access: 'r' | 'w' | 'rw' | 'path' | null;
  description: string;
  [attribute: string]: AttributeValue | null;
}

/** The part of a row that the default groups are made of: most looks need no more of 19,000 descriptors. */
export interface FdSummary {
  pid: number;
  fd: number;
  kind: string;
  /** The link as the kernel prints it: `socket:[1]`, `/var/log/app.log`. */
  target: string;
  cloexec: boolean | null;
  deleted: boolean;
  /** The group of the default view this one is in. */
  key: string;
  /** Who holds the other end, or the same thing too: `sh[42]:1`. */
  otherEnd?: string;
}

/** Every name a filter may use. A test holds the kinds to it. */
export const attributeNames: readonly string[] = [
  'pid', 'fd', 'kind', 'target', 'cloexec', 'deleted', 'access', 'key', 'otherEnd', 'description',
  'path', 'bytes', 'allocatedBytes', 'links', 'inode', 'position', 'block', 'end',
  'protocol', 'state', 'local', 'remote', 'localPort', 'remotePort', 'remoteAddress', 'receiveQueue', 'sendQueue', 'socketPath', 'idleMs', 'backlog',
  'subprotocol', 'fdsInFlight',
  'eventCount', 'eventfdId', 'semaphore', 'targets', 'clock', 'ticks', 'nextMs', 'intervalMs', 'signals', 'watches', 'ofPid', 'name', 'errno',
  'marks', 'pendingFaults', 'fixedFiles', 'fixedSlots', 'fixedNames', 'submissions', 'completions', 'polls',
  'bpfType', 'bpfId', 'programId', 'maxEntries', 'memlockBytes', 'vcpu', 'namespace', 'references', 'exporter', 'interface', 'ttyIndex', 'slave',
];

/**
 * @param key the group of the default view
 * @param ends who holds the other ends, as far as they were looked for
 */
export function summaryOf(fd: Fd, key: string, ends: OtherEnds): FdSummary {
  const otherEnd = ends.words(fd);
  return {
    pid: fd.pid,
    fd: fd.fd,
    kind: fd.kind,
    target: decodeText(fd.link).text,
    cloexec: fd.info ? (fd.info.flags & O_CLOEXEC) !== 0 : null,
    deleted: isUnlinked(fd),
    key,
    ...(otherEnd !== undefined && { otherEnd }),
  };
}

/** All that is known of one descriptor; parameters as of summaryOf. What could not be read is null, or absent where the kind has it. */
export function rowOf(fd: Fd, key: string, ends: OtherEnds): FdRow {
  const { base64 } = decodeText(fd.link);
  const row: FdRow = {
    ...summaryOf(fd, key, ends),
    ...(base64 !== undefined && { targetBytes: base64 }),
    access: fd.info ? accessMode(fd.info.flags) : null,
    description: kindOf(fd).describe(fd),
  };
  for (const [name, value] of Object.entries(attributesOf(fd))) if (value !== undefined && !(name in row)) row[name] = value;
  return row;
}

/** A file without a name. Memory that only looks like one (memfd) is not. */
export function isUnlinked(fd: Fd): boolean {
  return (fd.kind === 'file' || fd.kind === 'directory') && isDeleted(fd.link, fd.stat);
}
