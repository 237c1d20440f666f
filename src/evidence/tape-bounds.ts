/**
 * What of the socket tables of a large host goes on a tape. Each look reads them several times, and nearly all rows are of programs that
 * have nothing to do with the target: of long tables those are kept that share an end with it, and all listeners.
 */
import type { Question, TapeValues } from './tape-format.ts';
import type { Answer, ByteString, DiagSocket } from './types.ts';

/** Rows up to which a table is kept whole. */
const LONG = 10_000;
const OWN_LINK = /^\/proc\/(\d+)\/fd\/\d+$/;
const TABLE = /^(?:\d+:)?(\/proc\/(?:\d+|self|thread-self)\/(?:task\/\d+\/)?net\/)(tcp6?|udp6?|udplite6?|unix)$/;
/** include/net/tcp_states.h */
const LISTEN = 10;
/** __SO_ACCEPTCON as /proc/net/unix shows it (net/unix/af_unix.c unix_seq_show). */
const ACCEPTS = '00010000';

export interface Bounds {
  /** The target holds this socket. */
  hold(inode: string): void;
  /** Learns which sockets the target holds; of long tables leaves the rows that count. */
  bound<Q extends Question>(question: Q, key: string, value: TapeValues[Q]): TapeValues[Q];
  /** Rows that were left out of the table that lost most. */
  leftOut(): number;
}

/** @param read asks the world without being noted */
export function openBounds(pids: ReadonlySet<number>, read: (path: string) => Answer<ByteString>): Bounds {
  const held = new Set<string>();
  let most = 0;
  let ends: Ends | undefined;
  let heldThen = -1;
  const endsNow = (folder: string | undefined): Ends => {
    if (ends && heldThen === held.size) return ends;
    heldThen = held.size;
    const directory = folder ?? `/proc/${[...pids][0]}/net/`;
    // Both, since the one end may be in this and the other in that.
    return (ends = endsOf(['tcp', 'tcp6'].flatMap((name) => rowsOf(read(directory + name).value ?? '')), held));
  };
  const kept = <T>(rows: readonly T[], isKept: (row: T) => boolean): T[] => {
    const left = rows.filter(isKept);
    most = Math.max(most, rows.length - left.length);
    return left;
  };
  const boundText = (folder: string, name: string, text: ByteString): ByteString => {
    const lines = text.split('\n');
    if (lines.length <= LONG) return text;
    const [headings = '', ...rows] = lines;
    const isKept = name === 'unix' ? unixRow(rows, held) : inetRow(endsNow(folder), held);
    // What is behind the last newline is no row.
    const end = rows.at(-1) === '' ? rows.splice(-1) : [];
    return [headings, ...kept(rows, isKept), ...end].join('\n');
  };
  const boundDiag = (sockets: readonly DiagSocket[]): DiagSocket[] => {
    const known = sockets.some(({ protocol }) => protocol === 'unix') ? undefined : endsNow(undefined);
    const peers = known ? undefined : new Set(sockets.flatMap(({ inode, peerInode, pendingInodes = [] }) => (held.has(inode) ? [peerInode ?? '', ...pendingInodes] : [])));
    return kept(sockets, ({ inode, state, local = '', remote = '', peerInode = '' }) =>
      held.has(inode) || state === LISTEN || (known ? touches(known, endOf(local), endOf(remote)) : peers!.has(inode) || held.has(peerInode)));
  };
  return {
    hold: (inode) => void held.add(inode),
    bound: (question, key, value) => {
      if (question === 'readlink') {
        const pid = OWN_LINK.exec(key)?.[1];
        const link = value as ByteString;
        if (pid !== undefined && pids.has(Number(pid)) && link.startsWith('socket:[')) held.add(link.slice(8, -1));
      } else if (question === 'read' || question === 'readSlow' || question === 'readAsNetOf') {
        const [, folder, name] = TABLE.exec(key) ?? [];
        if (folder !== undefined && name !== undefined) return boundText(folder, name, value as ByteString) as typeof value;
      } else if ((question === 'sockDiag' || question === 'sockDiagOf') && (value as DiagSocket[]).length > LONG) return boundDiag(value as DiagSocket[]) as typeof value;
      return value;
    },
    leftOut: () => most,
  };
}

/** An address of four bytes in either form, or the end of a longer one, and a port: what is alike in both families. */
type End = string;

interface Ends {
  local: Set<End>;
  remote: Set<End>;
  /** Ports that the target listens at. */
  listening: Set<string>;
}

interface Row {
  local: End;
  remote: End;
  listens: boolean;
  inode: string;
}

/** `  0: 0100007F:1F90 00000000:0000 0A ...`: the columns are those of net/ipv4/tcp_ipv4.c get_tcp4_sock. */
function rowOf(line: ByteString): Row | undefined {
  const [, local, remote, state, , , , , , inode] = line.trimStart().split(/ +/);
  if (local === undefined || remote === undefined || inode === undefined) return undefined;
  return { local: hexEnd(local), remote: hexEnd(remote), listens: Number.parseInt(state!, 16) === LISTEN, inode };
}

function rowsOf(table: ByteString): Row[] {
  return table.split('\n').slice(1).flatMap((line) => rowOf(line) ?? []);
}

/** Bytes of an address stand in the order of the host in both; where that is not little-endian more rows are kept by their ports alone. */
function hexEnd(end: string): End {
  const colon = end.indexOf(':');
  const bytes = end.slice(colon - 8, colon).match(/../g) ?? [];
  return `${bytes.reverse().map((byte) => Number.parseInt(byte, 16)).join('.')}:${Number.parseInt(end.slice(colon + 1), 16)}`;
}

/** The same of `1.2.3.4:80` and `[::ffff:1.2.3.4]:80`; of other addresses of IPv6 the port, with any address. */
function endOf(end: string): End {
  const colon = end.lastIndexOf(':');
  const address = /(\d+\.\d+\.\d+\.\d+)\]?$/.exec(end.slice(0, colon))?.[1];
  return `${address ?? '*'}:${end.slice(colon + 1)}`;
}

function endsOf(rows: readonly Row[], held: ReadonlySet<string>): Ends {
  const ends: Ends = { local: new Set(), remote: new Set(), listening: new Set() };
  for (const { local, remote, listens, inode } of rows) {
    if (!held.has(inode)) continue;
    for (const [end, into] of [[local, ends.local], [remote, ends.remote]] as const) into.add(end).add(anyOf(end));
    if (listens) ends.listening.add(portOf(local));
  }
  return ends;
}

function portOf(end: End): string {
  return end.slice(end.indexOf(':') + 1);
}

function anyOf(end: End): End {
  return `*:${portOf(end)}`;
}

/** The other end of a connection of the target, one that goes where the target's go, or one to a port it listens at. */
function touches({ local, remote, listening }: Ends, from: End, to: End): boolean {
  return listening.has(portOf(from)) || remote.has(from) || local.has(to) || (remote.has(to) && portOf(to) !== '0');
}

function inetRow(ends: Ends, held: ReadonlySet<string>): (line: ByteString) => boolean {
  return (line) => {
    const row = rowOf(line);
    return row === undefined || row.listens || held.has(row.inode) || touches(ends, row.local, row.remote);
  };
}

/** Besides its own those of the same names: /proc/net/unix does not tell who is at the other end. */
function unixRow(rows: readonly ByteString[], held: ReadonlySet<string>): (line: ByteString) => boolean {
  const fieldsOf = (line: ByteString): string[] => line.split(/ +/, 8);
  const names = new Set(rows.map(fieldsOf).flatMap(([, , , , , , inode = '', name]) => (name && held.has(inode) ? [name] : [])));
  return (line) => {
    const [, , , flags, , , inode = '', name] = fieldsOf(line);
    return flags === ACCEPTS || held.has(inode) || (name !== undefined && names.has(name));
  };
}
