import { fdsByKind, fdsOf } from '../../kernel/fd-index.ts';
import { LAST_STANDARD_FD } from '../../kernel/inheritance.ts';
import { file, isKind, kindOf, socket } from '../../kernel/kinds/index.ts';
import { eachFd, type PlainFds, sizeOf } from '../../kernel/plain-fds.ts';
import { processLabel, servicesOf } from '../../kernel/services.ts';
import { shapeOf } from '../../kernel/shape.ts';
import { snapshotRule, subjectOf } from '../../kernel/snapshot-rule.ts';
import type { Fd, FdTable, Process } from '../../kernel/types.ts';
import { type Finding, fingerprint } from '../../report/index.ts';
import { count, listOf } from '../../report/words.ts';

const ID = 'fd/duplicates';
/** Numbers for one and the same open thing. A second one is everyday (dup for stdio, one for reading and one for writing). */
const MANY_OF_ONE = 5;
const MANY_OPENS = 10;
/** /dev/null and /dev/urandom are opened per use by much healthy code. */
const MANY_DEVICES = 50;

/** Numbers of one process for one and the same thing. */
interface Repeat {
  process: Process;
  fds: Fd[];
  dup: boolean;
}

/** Many descriptors of one process for the same thing: dups that nobody closes, or a file opened per use. */
export const duplicates = snapshotRule(ID, (snapshot) =>
  servicesOf(snapshot.tables).flatMap(({ tables }) => {
    const repeats = tables.flatMap(repeatsOf).sort((a, b) => b.fds.length - a.fds.length);
    return repeats.length === 0 ? [] : [findingOf(repeats)];
  }),
);

function repeatsOf(table: FdTable): Repeat[] {
  const { process, fds, sampled } = table;
  const same = new Map<string, Fd | Fd[]>();
  const idOf = identities(fds, sampled === true);
  for (const members of candidatesOf(table)) {
    for (const fd of members) {
      const id = fd.fd <= LAST_STANDARD_FD ? undefined : idOf(fd);
      if (id === undefined) continue;
      const known = same.get(id);
      // Nearly all are alone: a list for each would cost more than all else here.
      if (known === undefined) same.set(id, fd);
      else if (Array.isArray(known)) known.push(fd);
      else same.set(id, [known, fd]);
    }
  }
  const repeats = [...same.values()].filter(Array.isArray).flatMap((all): Repeat[] => {
    const dup = isExact(all[0]!);
    return all.length >= (dup ? MANY_OF_ONE : thresholdOf(all[0]!)) ? [{ process, fds: all, dup }] : [];
  });
  return repeats.sort((a, b) => a.fds[0]!.fd - b.fds[0]!.fd);
}

/** Kind by kind, ascending, without those of which it is soon told that none is there twice. */
function* candidatesOf(table: FdTable): Generator<Iterable<Fd>> {
  const kinds = new Set(fdsByKind(table.fds).keys());
  if (table.plain) for (const { name } of [file, socket]) kinds.add(name);
  for (const kind of kinds) {
    if (kind === socket.name) {
      if (areRepeated(socketInodes(table))) yield eachFd(table, kind);
    } else if (kind === file.name && table.plain) yield repeatedFiles(table, table.plain);
    else yield fdsByKind(table.fds).get(kind)!;
  }
}

/** In no order. */
function socketInodes(table: FdTable): Float64Array {
  const { fds, plain } = table;
  const inodes = new Float64Array(sizeOf(table));
  let count = 0;
  for (const { detail } of fdsOf(fds, socket)) inodes[count++] = Number(detail.inode);
  for (let position = 0; position < (plain?.size ?? 0); position++) {
    const inode = plain!.inodeAt(position);
    if (inode !== 0) inodes[count++] = inode;
  }
  return inodes.subarray(0, count);
}

/** May one inode be among them often enough? Numbers in order tell that of 10,000 sockets for a tenth of a map of them. */
function areRepeated(inodes: Float64Array): boolean {
  inodes.sort();
  return inodes.some((inode, index) => inode === inodes[index + MANY_OF_ONE - 1]);
}

/** The single ones, and of the plain ones those whose path may be there twice. */
function repeatedFiles(table: FdTable, plain: PlainFds): readonly Fd[] {
  const single = fdsByKind(table.fds).get(file.name) ?? [];
  const links = new Set(table.fds.filter(isPathKind).map(({ link }) => link));
  const positions = plain.maybeRepeated(links);
  if (positions.length === 0) return single;
  return [...single, ...positions.map((position) => plain.fdAt(position))].sort((a, b) => a.fd - b.fd);
}

function isExact(fd: Fd): boolean {
  return kindOf(fd).identity(fd).quality === 'exact';
}

/** One name for what is one and the same thing; undefined where nothing tells. */
function identities(fds: readonly Fd[], sampled: boolean): (fd: Fd) => string | undefined {
  // Of a large table only some are asked for their inode: an open path that was not is the file that was, under this path.
  const asked = new Map<string, string>();
  if (sampled) for (const fd of fds) if (isPathKind(fd) && hasInode(fd)) asked.set(fd.link, kindOf(fd).identity(fd).id);
  return (fd) => {
    // No other identity is a bare number, and none begins as a path.
    if (isKind(fd, socket)) return fd.detail.inode;
    if (isPathKind(fd)) return hasInode(fd) ? kindOf(fd).identity(fd).id : sampled ? (asked.get(fd.link) ?? fd.link) : undefined;
    const { id, quality } = kindOf(fd).identity(fd);
    // A weak identity says no more than "of the same kind".
    return quality === 'exact' ? id : undefined;
  };
}

function isPathKind(fd: Fd): boolean {
  return thresholdOf(fd) < Number.POSITIVE_INFINITY;
}

function hasInode(fd: Fd): boolean {
  return (fd.stat ?? fd.info)?.ino !== undefined;
}

function thresholdOf(fd: Fd): number {
  if (fd.kind === 'device') return MANY_DEVICES;
  return fd.kind === 'file' || fd.kind === 'directory' ? MANY_OPENS : Number.POSITIVE_INFINITY;
}

function findingOf(repeats: readonly Repeat[]): Finding {
  const { process, fds, dup } = repeats[0]!;
  const first = fds[0]!;
  const kind = kindOf(first);
  const surplus = repeats.reduce((sum, repeat) => sum + repeat.fds.length - 1, 0);
  const who = processLabel(process);
  const numbers = listOf(fds.map(({ fd }) => fd));
  return {
    id: ID,
    severity: 'info',
    confidence: 'certain',
    because: dup
      ? 'they share one inode that no two sockets, pipes or eventfds have in common'
      : fds.every(hasInode) ? 'they share one device and inode number' : 'they share one path, and those of them that were asked one device and inode number',
    title: `${count(fds.length)} descriptors of ${who} are the same ${kind.name}: ${kind.describe(first)} (fd ${numbers})`,
    subject: subjectOf('descriptor', `same ${kind.name}`, process),
    evidence: [
      { name: dup ? 'numbers of one open thing' : 'descriptors of one file', value: fds.length, source: `/proc/${process.pid}/fd` },
      { name: 'descriptors that repeat another, in all', value: surplus, source: `/proc/${process.pid}/fd` },
      ...(repeats.length > 1 ? [{ name: 'things held more than once', value: repeats.length, source: `/proc/${process.pid}/fd` }] : []),
    ],
    remedy: [
      {
        text: dup ? 'close what dup() returned: one number is enough' : 'keep the file open once and share it, or close it after each use',
        command: `reloadctl fds ${process.pid} --list`,
        risk: 'none',
      },
    ],
    fingerprint: fingerprint(ID, dup ? 'dup' : 'opens', kind.name, kind.keyIsPath ? shapeOf(first.link) : ''),
  };
}
