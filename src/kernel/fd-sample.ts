/**
 * Of a large table the link of every descriptor is read, but open flags and types only where they can matter, and of some of
 * each class: asking 10,000 files of one directory what they are tells no more than asking 64 of them.
 */
import type { ByteString, FileStat } from '../evidence/types.ts';
import type { DecodeInput } from './kinds/kind.ts';
import { fileType, isPath } from './kinds/path.ts';
import { isInbound } from './kinds/socket.ts';
import { byLooks } from './templates.ts';

/** Tables with more descriptors than this, counted over all targets, are asked in part. */
export const LARGE_TABLE = 2000;
/** How many of a class are asked. */
export const SAMPLE = 64;

const S_IFREG = 0o100000;
const DELETED = ' (deleted)';
const SOCKET = 'socket:[';
/** Longer than any extension with the mark of a deleted file. */
const LONGEST_EXTENSION = 20;
/** Names that say more than others: what has no inode of a disk, terminals, message queues (`/name`), files made without a name. */
const TELLING = /^\/(?:dev\/|memfd:|dmabuf:|secretmem|[^/]*$)|\/ptmx$|\/#\d+ \(deleted\)$/;

/** Paths of one directory with one extension; digits in the directory make no difference. */
export interface PathClass {
  asked: number[];
  /** Those that are taken for what the asked ones are. */
  left: number[];
}

export interface PathSample {
  /** To be asked for their open flags. */
  infos: number[];
  /** To be asked for type, link count and size: every unlinked one is among them. */
  stats: number[];
  classes: PathClass[];
}

/** What to ask of the descriptors of a large table that are no sockets. Those that are neither paths are all asked for their flags. */
export function samplePaths(links: ReadonlyMap<number, ByteString>): PathSample {
  const sample: PathSample = { infos: [], stats: [], classes: [] };
  const directories = new Map<string, Map<string, number[]>>();
  const byLook = new Map<string, Map<string, number[]>>();
  for (const [fd, link] of links) {
    if (link.startsWith(SOCKET)) continue;
    if (!isPath(link) || TELLING.test(link)) {
      sample.infos.push(fd);
      if (isPath(link)) sample.stats.push(fd);
      continue;
    }
    const directory = link.slice(0, link.lastIndexOf('/'));
    let extensions = directories.get(directory);
    if (!extensions) {
      const look = byLooks(directory);
      extensions = byLook.get(look) ?? new Map<string, number[]>();
      byLook.set(look, extensions);
      directories.set(directory, extensions);
    }
    const extension = extensionOf(link);
    const members = extensions.get(extension);
    if (members) members.push(fd);
    else extensions.set(extension, [fd]);
  }
  for (const extensions of byLook.values()) {
    for (const [extension, members] of extensions) addClass(sample, members, extension.endsWith(DELETED));
  }
  return sample;
}

function addClass(sample: PathSample, members: readonly number[], deleted: boolean): void {
  const asked = spread(members, SAMPLE);
  for (const fd of asked) sample.infos.push(fd);
  for (const fd of deleted ? members : asked) sample.stats.push(fd);
  if (deleted || asked.length === members.length) return;
  const chosen = new Set(asked);
  sample.classes.push({ asked, left: members.filter((fd) => !chosen.has(fd)) });
}

function extensionOf(link: ByteString): string {
  const end = link.endsWith(DELETED) ? link.length - DELETED.length : link.length;
  const dot = link.lastIndexOf('.', end - 1);
  const isNear = dot > link.lastIndexOf('/') && link.length - dot <= LONGEST_EXTENSION;
  return isNear ? link.slice(dot) : link.slice(end);
}

/** Members of classes that turned out to be more than plain files: only asking each tells what it is. */
export function leftInDoubt(classes: readonly PathClass[], stats: ReadonlyMap<number, FileStat>): number[] {
  const isOther = (fd: number): boolean => {
    const stat = stats.get(fd);
    return stat !== undefined && (fileType(stat) !== S_IFREG || stat.nlink === 0);
  };
  return classes.flatMap(({ asked, left }) => (asked.some(isOther) ? left : []));
}

/**
 * Which sockets of a large table to ask for their open flags: every unix socket, which may hold descriptors in flight, every
 * listener, which a child must not inherit, and some of each other class.
 */
export function sampleSockets(links: ReadonlyMap<number, ByteString>, sockets: Pick<DecodeInput, 'socket' | 'isListening'>): number[] {
  const infos: number[] = [];
  const classes = new Map<string, number[]>();
  for (const [fd, link] of links) {
    if (!link.startsWith(SOCKET)) continue;
    const row = sockets.socket(link.slice(SOCKET.length, -1));
    if (row?.protocol === 'unix' || row?.state === 'LISTEN') {
      infos.push(fd);
      continue;
    }
    const name = row ? `${row.protocol} ${row.state} ${isInbound(row, sockets.isListening) ? `on ${row.localPort}` : `to ${row.remotePort}`}` : '';
    const members = classes.get(name);
    if (members) members.push(fd);
    else classes.set(name, [fd]);
  }
  for (const members of classes.values()) for (const fd of spread(members, SAMPLE)) infos.push(fd);
  return infos;
}

/** `most` of them, evenly over the whole: what was opened first need not be what was opened last. */
function spread(members: readonly number[], most: number): number[] {
  if (members.length <= most) return [...members];
  return Array.from({ length: most }, (_, index) => members[Math.floor((index * members.length) / most)]!);
}
