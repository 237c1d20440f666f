/** Descriptors out of what was read of a process: each gets its kind, and what the kind makes of it. */
import { PackedLinks } from '../evidence/packed-links.ts';
import type { ByteString, Evidence } from '../evidence/types.ts';
import { samplePackedSockets } from './fd-sample.ts';
import { type RawTable, readInfos } from './fd-table.ts';
import type { DecodeInput } from './kinds/index.ts';
import { file, kindOf, recognise, socket } from './kinds/index.ts';
import { isPath } from './kinds/path.ts';
import { Links } from './links.ts';
import { type PackedRows, PlainFds } from './plain-fds.ts';
import type { Fd } from './types.ts';

/** What a kind asks of the socket tables. */
export type SocketLookup = Pick<DecodeInput, 'socket' | 'isListening'>;

/** Gives each descriptor its kind and what the kind makes of it. Ascending by number. */
export function decodeTable(raw: RawTable, sockets: SocketLookup): Fd[] {
  // One for all of them: nobody keeps it.
  const input: DecodeInput = { link: '', socket: sockets.socket, isListening: sockets.isListening };
  const { links } = raw;
  const fds: Fd[] = [];
  for (let index = 0; index < links.size; index++) {
    input.inode = links.socketInode(index);
    fds.push(decode(raw, links.numbers[index]!, links.textAt(index), input));
  }
  input.inode = undefined;
  if (raw.errors.size === 0) return fds;
  for (const [number, errno] of raw.errors) fds.push(Object.assign(decode(raw, number, '', input), { errno }));
  return fds.sort((a, b) => a.fd - b.fd);
}

/** The same of a table whose links are packed: objects only for those of which there is something to tell. */
export function decodePacked(raw: RawTable, sockets: SocketLookup, rows: PackedRows | undefined): { fds: Fd[]; plain?: PlainFds } {
  const { links, infos, stats } = raw;
  if (!(links instanceof PackedLinks)) return { fds: decodeTable(raw, sockets) };
  const single = new Links();
  const plain = new Int32Array(links.size);
  let count = 0;
  for (let index = 0; index < links.size; index++) {
    const isPlain = links.inodeAt(index) === 0 ? links.isNamedAt(index) : (rows?.plain.isPlainAt(rows.places[index]!) ?? false);
    const fd = links.numbers[index]!;
    if (isPlain && !infos.has(fd) && !stats.has(fd)) plain[count++] = index;
    else single.add(fd, links.textAt(index));
  }
  const fds = decodeTable({ ...raw, links: single }, sockets);
  return { fds, plain: new PlainFds(raw.process.pid, links, plain.slice(0, count), sockets, rows) };
}

function decode(raw: RawTable, number: number, link: ByteString, input: DecodeInput): Fd {
  const info = raw.infos.get(number);
  const stat = raw.stats.get(number);
  input.link = link;
  input.info = info;
  input.stat = stat;
  // What was left out of a sample is what the sample was: plain files.
  const kind = input.inode !== undefined ? socket : raw.sampled && stat === undefined && info === undefined && isPath(link) ? file : recognise(input);
  const fd: Fd = { pid: raw.process.pid, fd: number, kind: kind.name, link, detail: raw.epolls.get(number) ?? kind.decode(input) };
  if (info) fd.info = info;
  if (stat) fd.stat = stat;
  return fd;
}

/** The open flags of those sockets of a packed table that decodePacked() shall not take for plain. */
export async function readPackedSockets(evidence: Evidence, raw: RawTable, sockets: SocketLookup, rows: PackedRows | undefined, signal: AbortSignal): Promise<void> {
  const { links } = raw;
  if (rows && links instanceof PackedLinks) await readInfos(evidence, raw, samplePackedSockets(links, rows, sockets), signal);
}

/** The open flags of these descriptors of a decoded table, where they are not known; what the kind makes of them with it. */
export async function completeFds(evidence: Evidence, raw: RawTable, fds: readonly Fd[], sockets: SocketLookup, signal: AbortSignal): Promise<void> {
  const unknown = fds.filter((fd) => !fd.info);
  await readInfos(evidence, raw, unknown.map(({ fd }) => fd), signal);
  for (const fd of unknown) {
    const info = raw.infos.get(fd.fd);
    if (!info) continue;
    fd.info = info;
    fd.detail = kindOf(fd).decode({ link: fd.link, info, stat: fd.stat, ...sockets });
  }
}
