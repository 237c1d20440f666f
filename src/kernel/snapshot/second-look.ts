/** Looks at suspicious sockets again: what a busy server passes through in milliseconds is no fault. */
import type { Evidence } from '../../evidence/types.ts';
import { fdsOf } from '../fd-index.ts';
import { socket } from '../kinds/socket.ts';
import { readTcp } from '../socket-tables.ts';
import type { SecondLook, Snapshot, SocketRow, SocketTable } from '../types.ts';
import { isCrowded, readInFlight, socketsWithInFlight } from './in-flight.ts';
import type { SnapshotOptions } from './options.ts';

/** First a short wait, which clears nearly everything in a healthy process; the long one only for what is left. */
const SHORT_MS = 100;
const LONG_MS = 1000;
/** Fewer than these are not worth a wait. */
const MANY_CLOSE_WAIT = 5;
const MANY_UNREAD = 16;
const MANY_SYN_SENT = 16;
const MUCH_UNREAD_BYTES = 256 * 1024;

export async function lookAgainAtSockets(evidence: Evidence, snapshot: Snapshot, options: SnapshotOptions): Promise<void> {
  let rows = targetRows(snapshot);
  let crowded = socketsWithInFlight(snapshot);
  const isWorth = (): boolean => options.everything || isSuspicious(rows) || isCrowded(crowded);
  if (rows.length + crowded.length === 0 || !isWorth()) return;
  const anyTcp = rows.length > 0;
  const started = evidence.now();
  for (const wait of [SHORT_MS, LONG_MS - SHORT_MS]) {
    await evidence.sleep(wait);
    if (options.signal.aborted) return;
    const afterMs = evidence.now() - started;
    const look: SecondLook = anyTcp ? readAgain(evidence, snapshot, rows, afterMs) : { afterMs: Math.round(afterMs), byInode: new Map(), pending: new Map() };
    if (crowded.length > 0) {
      crowded = readInFlight(evidence, crowded);
      look.inFlight = new Map(crowded.map(({ inode, inFlight }) => [inode, inFlight]));
    }
    snapshot.secondLook = look;
    rows = rows.filter((row) => isStillSo(row, look.byInode.get(row.inode)));
    if (!isWorth()) return;
  }
}

function targetRows(snapshot: Snapshot): SocketRow[] {
  const rows = new Map<string, SocketRow>();
  for (const table of snapshot.tables) {
    for (const fd of fdsOf(table.fds, socket)) if (fd.detail.row?.protocol.startsWith('tcp')) rows.set(fd.detail.inode, fd.detail.row);
  }
  return [...rows.values()];
}

function isSuspicious(rows: readonly SocketRow[]): boolean {
  const closeWait = rows.filter((row) => row.state === 'CLOSE_WAIT' && !row.sendQueue).length;
  const synSent = rows.filter((row) => row.state === 'SYN_SENT').length;
  const unread = rows.filter((row) => row.state === 'ESTABLISHED' && row.receiveQueue);
  const unreadBytes = unread.reduce((sum, row) => sum + row.receiveQueue!, 0);
  const waiting = rows.some((row) => row.state === 'LISTEN' && row.receiveQueue);
  return closeWait >= MANY_CLOSE_WAIT || synSent >= MANY_SYN_SENT || unread.length >= MANY_UNREAD || unreadBytes >= MUCH_UNREAD_BYTES || waiting;
}

function isStillSo(before: SocketRow, now: SocketRow | undefined): boolean {
  if (now?.state !== before.state) return false;
  if (before.state === 'ESTABLISHED') return (now.receiveQueue ?? 0) >= (before.receiveQueue ?? 0);
  return before.state !== 'LISTEN' || (now.receiveQueue ?? 0) > 0;
}

function readAgain(evidence: Evidence, snapshot: Snapshot, rows: readonly SocketRow[], afterMs: number): SecondLook {
  const look: SecondLook = { afterMs: Math.round(afterMs), byInode: new Map(), pending: new Map() };
  const inodes = new Set(rows.map((row) => row.inode));
  for (const table of snapshot.tables) {
    const netns = table.process.netns ?? '';
    const part: Pick<SocketTable, 'byInode' | 'pending' | 'listenOverflows'> = { byInode: look.byInode, pending: look.pending };
    if (snapshot.tables.findIndex((other) => (other.process.netns ?? '') === netns) !== snapshot.tables.indexOf(table)) continue;
    readTcp(evidence, `/proc/${table.process.pid}/net`, part, { inodes });
    if (part.listenOverflows !== undefined) look.listenOverflows = (look.listenOverflows ?? 0) + part.listenOverflows;
  }
  return look;
}
