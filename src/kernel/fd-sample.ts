/**
 * Of a large table the link of every descriptor is read, but open flags and types only where they can matter, and of some of
 * each class: asking 10,000 files of one directory what they are tells no more than asking 64 of them.
 */
import { PackedLinks } from '../evidence/packed-links.ts';
import type { ByteString, FileStat } from '../evidence/types.ts';
import { ByShape, sharesExtension } from './fixed-shapes.ts';
import { fileType, isPath } from './kinds/path.ts';
import type { SocketLookup } from './fd-decode.ts';
import { type SocketDetail, socket } from './kinds/socket.ts';
import type { LinkList } from './links.ts';
import type { PackedRows } from './plain-fds.ts';
import { byLooks } from './templates.ts';
import type { Fd } from './types.ts';

/** Tables with more descriptors than this, counted over all targets, are asked in part. */
export const LARGE_TABLE = 2000;
/** How many of a class are asked. */
export const SAMPLE = 64;

const S_IFREG = 0o100000;
const DELETED = ' (deleted)';
const SOCKET = 'socket:[';
/** Longer than any extension with the mark of a deleted file. */
const LONGEST_EXTENSION = 20;
/** More than there are states of plain sockets. */
const STATES = 4;
/** Names that say more than others: what has no inode of a disk, terminals, message queues (`/name`), files made without a name. */
const TELLING = /^\/(?:dev\/|memfd:|dmabuf:|secretmem|[^/]*$)|\/ptmx$|\/#\d+ \(deleted\)$/;

/** Looked at by its first letters: the pattern is too dear for 10,000 paths. */
function isTelling(link: ByteString): boolean {
  const slash = link.lastIndexOf('/');
  const second = link[1];
  const mayBe = slash === 0 || second === 'd' || link[slash + 1] === '#' || link[slash + 1] === 'p' || link.startsWith('/memfd:');
  return mayBe && TELLING.test(link);
}

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
export function samplePaths(links: LinkList): PathSample {
  const sample: PathSample = { infos: [], stats: [], classes: [] };
  const classes = new Classes();
  const packed = links instanceof PackedLinks ? links : undefined;
  const byShape = new ByShape<Place | 'each'>((index) => {
    const place = classes.placeOf(links.textAt(index));
    return typeof place === 'string' || sharesExtension(packed!.shapeText(packed!.shapeAt(index))) ? place : 'each';
  });
  for (let index = 0; index < links.size; index++) {
    if (packed && packed.inodeAt(index) !== 0) continue;
    let place = packed ? byShape.at(packed.shapeAt(index), index) : 'each';
    if (place === 'each') place = classes.placeOf(links.textAt(index));
    const fd = links.numbers[index]!;
    if (Array.isArray(place)) place.push(fd);
    else if (place !== 'socket') {
      sample.infos.push(fd);
      if (place === 'telling path') sample.stats.push(fd);
    }
  }
  for (const extensions of classes.byLook.values()) {
    for (const [extension, members] of extensions) addClass(sample, members, extension.endsWith(DELETED));
  }
  return sample;
}

/** Where a link belongs: to the members of a class, or to none. */
type Place = number[] | 'socket' | 'telling path' | 'no path';
/** Paths by the looks of their directory and by extension. */
class Classes {
  readonly byLook = new Map<string, Map<string, number[]>>();
  readonly #directories = new Map<string, Map<string, number[]>>();

  placeOf(link: ByteString): Place {
    if (link.startsWith(SOCKET)) return 'socket';
    if (!isPath(link)) return 'no path';
    if (isTelling(link)) return 'telling path';
    const directory = link.slice(0, link.lastIndexOf('/'));
    let extensions = this.#directories.get(directory);
    if (!extensions) {
      const look = byLooks(directory);
      extensions = this.byLook.get(look) ?? new Map<string, number[]>();
      this.byLook.set(look, extensions);
      this.#directories.set(directory, extensions);
    }
    const extension = extensionOf(link);
    const known = extensions.get(extension);
    if (known) return known;
    const members: number[] = [];
    extensions.set(extension, members);
    return members;
  }
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
export function sampleSockets(sockets: Iterable<Pick<Fd<SocketDetail>, 'fd' | 'detail'>>): number[] {
  const chosen: number[] = [];
  const classes = new Map<string, Map<number, number[]>>();
  for (const { fd, detail: { row, inbound } } of sockets) {
    if (row?.protocol === 'unix' || row?.state === 'LISTEN') {
      chosen.push(fd);
      continue;
    }
    const state = row?.state ?? '';
    let byService = classes.get(state);
    if (!byService) classes.set(state, (byService = new Map()));
    // By the port of the service: what came in apart from what went out to a service of the same number.
    const service = inbound ? row!.localPort! : -(row?.remotePort ?? 0);
    const members = byService.get(service);
    if (members) members.push(fd);
    else byService.set(service, [fd]);
  }
  for (const byService of classes.values()) for (const members of byService.values()) chosen.push(...spread(members, SAMPLE));
  return chosen;
}

/** The same of a table with packed links. */
export function samplePackedSockets(links: PackedLinks, { places, plain }: PackedRows, sockets: SocketLookup): number[] {
  const chosen: number[] = [];
  const single: { fd: number; detail: SocketDetail }[] = [];
  const classes = new Map<number, number[]>();
  for (let index = 0; index < links.size; index++) {
    const fd = links.numbers[index]!;
    const place = places[index]!;
    if (!plain.isPlainAt(place)) {
      const inode = links.socketInode(index);
      if (inode !== undefined) single.push({ fd, detail: socket.decode({ link: '', inode, ...sockets }) });
      continue;
    }
    const id = plain.serviceAt(place, sockets.isListening) * STATES + plain.stateAt(place);
    const members = classes.get(id);
    if (members) members.push(fd);
    else classes.set(id, [fd]);
  }
  for (const members of classes.values()) chosen.push(...spread(members, SAMPLE));
  return [...chosen, ...sampleSockets(single)];
}

/** `most` of them, evenly over the whole: what was opened first need not be what was opened last. */
function spread<T>(members: readonly T[], most: number): T[] {
  if (members.length <= most) return [...members];
  return Array.from({ length: most }, (_, index) => members[Math.floor((index * members.length) / most)]!);
}
