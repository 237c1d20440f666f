/** Looks at suspicious sockets again: what a busy server passes through in milliseconds is no fault. */
import type { Evidence } from '../../evidence/types.ts';
import { fdsOf } from '../fd-index.ts';
import { socket } from '../kinds/socket.ts';
import { notableSockets } from '../notable-sockets.ts';
import { readTcp } from '../socket-tables.ts';
import type { SecondLook, Snapshot, SocketRow, SocketTable } from '../types.ts';
import { isCrowded, readInFlight, socketsWithInFlight } from './in-flight.ts';
import { asksOf } from './asks.ts';
import type { SnapshotOptions } from './options.ts';

/** First a short wait, which clears nearly everything in a healthy process; the long one only for what is left. */
const SHORT_MS = 100;
const LONG_MS = 1000;
/** Fewer than these are not worth a wait, nor asking sock_diag how long they have been idle. */
export const MANY_CLOSE_WAIT = 5;
const MANY_UNREAD = 16;
const MANY_SYN_SENT = 16;
const MUCH_UNREAD_BYTES = 256 * 1024;

/**
 * Sets `snapshot.secondLook` where sockets look suspicious: waits 100 ms, and a second in all while some still do. An aborted
 * signal ends the wait.
 */
export async function lookAgainAtSockets(evidence: Evidence, snapshot: Snapshot, options: SnapshotOptions): Promise<void> {
  let rows = targetRows(snapshot, options.everything);
  let crowded = socketsWithInFlight(snapshot);
  const isWorth = (): boolean => options.everything || isSuspicious(rows) || isCrowded(crowded);
  if (rows.length + crowded.length === 0 || !isWorth()) return;
  const anyTcp = rows.some(isTcp);
  const started = evidence.now();
  for (const wait of [SHORT_MS, LONG_MS - SHORT_MS]) {
    await evidence.sleep(wait);
    if (options.signal.aborted) return;
    const afterMs = evidence.now() - started;
    const look: SecondLook = { afterMs: Math.round(afterMs), byInode: new Map(), pending: new Map() };
    if (anyTcp) readTcpAgain(evidence, snapshot, rows, look);
    readUnixAgain(evidence, snapshot, options, rows, look);
    if (crowded.length > 0) {
      crowded = readInFlight(evidence, crowded);
      look.inFlight = new Map(crowded.map(({ inode, inFlight }) => [inode, inFlight]));
    }
    snapshot.secondLook = look;
    rows = rows.filter((row) => isStillSo(row, look.byInode.get(row.inode)));
    if (!isWorth()) return;
  }
}

/** The notable ones: no others are suspicious, and no rule asks what became of them. For a tape all, so that it is asked what it was. */
function targetRows(snapshot: Snapshot, all: boolean): SocketRow[] {
  const rows = new Map<string, SocketRow>();
  for (const table of snapshot.tables) {
    const sockets = all ? fdsOf(table.fds, socket) : notableSockets(table.fds);
    for (const { detail: { inode, row } } of sockets) if (row && (isTcp(row) || isUnixListener(row))) rows.set(inode, row);
  }
  return [...rows.values()];
}

function isTcp({ protocol }: SocketRow): boolean {
  return protocol.startsWith('tcp');
}

/** Only sock_diag tells how many wait there. */
function isUnixListener({ protocol, state, diag }: SocketRow): boolean {
  return protocol === 'unix' && state === 'LISTEN' && diag !== undefined;
}

/** Connections that wait at a listener: at a unix one only when it is full, since there are no signs of who is turned away. */
function areWaiting(row: SocketRow): boolean {
  if (row.state !== 'LISTEN') return false;
  return isUnixListener(row) ? row.diag!.receiveQueue > row.diag!.sendQueue : (row.receiveQueue ?? 0) > 0;
}

function isSuspicious(rows: readonly SocketRow[]): boolean {
  const closeWait = rows.filter((row) => row.state === 'CLOSE_WAIT' && !row.sendQueue).length;
  const synSent = rows.filter((row) => row.state === 'SYN_SENT').length;
  const unread = rows.filter((row) => row.state === 'ESTABLISHED' && row.receiveQueue);
  const unreadBytes = unread.reduce((sum, row) => sum + row.receiveQueue!, 0);
  return closeWait >= MANY_CLOSE_WAIT || synSent >= MANY_SYN_SENT || unread.length >= MANY_UNREAD || unreadBytes >= MUCH_UNREAD_BYTES || rows.some(areWaiting);
}

function isStillSo(before: SocketRow, now: SocketRow | undefined): boolean {
  if (now?.state !== before.state) return false;
  if (before.state === 'ESTABLISHED') return (now.receiveQueue ?? 0) >= (before.receiveQueue ?? 0);
  return before.state !== 'LISTEN' || areWaiting(now);
}

function readUnixAgain(evidence: Evidence, { sockets }: Snapshot, options: SnapshotOptions, rows: readonly SocketRow[], look: SecondLook): void {
  const listeners = rows.filter(isUnixListener);
  if (listeners.length === 0) return;
  const own = evidence.readlink('/proc/self/ns/net').value?.slice(5, -1);
  for (const [netns, table] of sockets) {
    const inside = listeners.filter(({ inode }) => table.byInode.has(inode));
    if (inside.length === 0) continue;
    const answer = netns === own ? evidence.sockDiag('unix') : asksOf(evidence, table, options)?.('unix');
    const byInode = new Map((answer?.value ?? []).map((diag) => [diag.inode, diag]));
    for (const row of inside) {
      const diag = byInode.get(row.inode);
      if (diag) look.byInode.set(row.inode, { ...row, diag });
    }
  }
}

function readTcpAgain(evidence: Evidence, snapshot: Snapshot, rows: readonly SocketRow[], look: SecondLook): void {
  const inodes = new Set(rows.map((row) => row.inode));
  for (const table of snapshot.tables) {
    const netns = table.process.netns ?? '';
    const part: Pick<SocketTable, 'byInode' | 'pending' | 'listenOverflows'> = { byInode: look.byInode, pending: look.pending };
    if (snapshot.tables.findIndex((other) => (other.process.netns ?? '') === netns) !== snapshot.tables.indexOf(table)) continue;
    readTcp(evidence, `/proc/${table.process.pid}/net`, part, { inodes });
    if (part.listenOverflows !== undefined) look.listenOverflows = (look.listenOverflows ?? 0) + part.listenOverflows;
  }
}
