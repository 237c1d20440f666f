/** Rows of the sockets that a sample saw for the first time, and of connections it knew. */
import type { ByteString, Evidence } from '../../evidence/types.ts';
import { scanUnix } from '../../kernel/proc/net-unix.ts';
import { readSocketTable, readTcp } from '../../kernel/socket-tables.ts';
import type { Process, SocketRow, SocketTable } from '../../kernel/types.ts';
import { hungUp } from './hung-up.ts';

const SOCKET = 'socket:[';

export interface SampledSockets {
  table: SocketTable;
  /** Numbers that do not hold their socket any more: it was closed while the sample was taken. */
  closed: number[];
  /** Rows of those of the known connections that are in CLOSE_WAIT now. */
  hungUp: ReadonlyMap<ByteString, SocketRow>;
  /** When long tables had been read, monotonic ms; absent when none was. */
  readAt?: number;
}

/**
 * The short table of unix sockets first, then TCP, once for both questions. What is in neither has mostly been closed meanwhile,
 * and is not worth a walk through all tables of the host: 50,000 rows of /proc/net/udp take the kernel 3 s.
 * @param fresh links of what was not there before, by number
 * @param connected inodes of the connections that were there
 */
export function socketsOfSample(evidence: Evidence, process: Process, fresh: ReadonlyMap<number, ByteString>, connected: ReadonlySet<string>): SampledSockets {
  const { pid, netns = '' } = process;
  const numbers = new Map<number, string>();
  for (const [number, link] of fresh) if (link.startsWith(SOCKET)) numbers.set(number, link.slice(SOCKET.length, -1));
  const table: SocketTable = { netns, byInode: new Map(), pending: new Map() };
  const wanted = new Set(numbers.values());
  const keep = (row: SocketRow): void => void table.byInode.set(row.inode, row);
  if (wanted.size > 0) scanUnix(evidence.read(`/proc/${pid}/net/unix`).value ?? '', keep, (inode) => wanted.has(inode));
  const isComplete = (): boolean => [...wanted].every((inode) => table.byInode.has(inode));
  if (isComplete() && connected.size === 0) return { table, closed: [], hungUp: new Map() };
  // Asked last of all, for its time: a recording knows no other moments than those of answers.
  const readAt = (): number => evidence.read(`/proc/${pid}/net/sockstat`).at;
  if (isComplete()) return { table, closed: [], hungUp: hungUp(evidence, pid, connected), readAt: readAt() };
  readTcp(evidence, `/proc/${pid}/net`, table, { inodes: new Set([...wanted, ...connected]) });
  const closed = isComplete() ? [] : readRest(evidence, process, fresh, numbers, table);
  const ended = [...connected].flatMap((inode) => table.byInode.get(inode) ?? []).filter(({ state }) => state === 'CLOSE_WAIT');
  return { table, closed, hungUp: new Map(ended.map((row) => [row.inode, row])), readAt: readAt() };
}

/** All other tables, for what is still there and in none of those read. Gives the numbers of what is not there any more. */
function readRest(evidence: Evidence, { pid, netns = '' }: Process, fresh: ReadonlyMap<number, ByteString>, numbers: ReadonlyMap<number, string>, table: SocketTable): number[] {
  const closed: number[] = [];
  const inodes = new Set<string>();
  for (const [number, inode] of numbers) {
    if (table.byInode.has(inode)) continue;
    if (evidence.readlink(`/proc/${pid}/fd/${number}`).value === fresh.get(number)) inodes.add(inode);
    else closed.push(number);
  }
  if (inodes.size > 0) {
    const rest = readSocketTable(evidence, pid, netns, { inodes, own: netns === ownNamespace(evidence) });
    for (const [inode, row] of rest.byInode) table.byInode.set(inode, row);
  }
  return closed;
}

function ownNamespace(evidence: Evidence): string | undefined {
  return /^net:\[(\d+)\]$/.exec(evidence.readlink('/proc/self/ns/net').value ?? '')?.[1];
}
