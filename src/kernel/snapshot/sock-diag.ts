/** Backlogs, idle ages and unix peers, by native sock_diag, when a suspicion or an option asks for them. */
import type { DiagFamily, DiagSocket, Evidence } from '../../evidence/types.ts';
import type { CoverageLog } from '../coverage.ts';
import { errnoWords, statusOf } from '../coverage.ts';
import type { PlainSockets } from '../plain-sockets.ts';
import { parseNumber } from '../proc/scan.ts';
import type { FdTable, Snapshot, SocketRow } from '../types.ts';
import { type Asks, asksOf } from './asks.ts';
import type { SnapshotOptions } from './options.ts';
import { MANY_CLOSE_WAIT } from './second-look.ts';
import type { SocketIndex } from './sockets.ts';

const FAMILIES: readonly DiagFamily[] = ['tcp', 'unix'];

/** netlink answers for the namespace of the socket that asks: in others for who may enter them. */
export function askSockDiag(evidence: Evidence, sockets: SocketIndex, options: SnapshotOptions, coverage: CoverageLog): void {
  const own = ownNamespace(evidence);
  for (const [netns, table] of sockets.tables) {
    const isOwn = netns === own;
    const ask = isOwn ? evidence.sockDiag.bind(evidence) : asksOf(evidence, table, options);
    if (own === undefined || !ask) continue;
    const rows = [...table.byInode.values()];
    for (const family of FAMILIES) attach(ask, family, wantedOf(family, rows, options), coverage, { isOwn, plain: family === 'tcp' ? table.plain : undefined });
    if (!options.everything && !rows.some(isFull)) continue;
    const answer = isOwn ? evidence.read(SOMAXCONN) : evidence.network?.readAsNetOf(table.via!, [SOMAXCONN])[0];
    const most = parseNumber(answer?.value?.trim() ?? '');
    if (most >= 0) table.somaxconn = most;
  }
}

const SOMAXCONN = '/proc/sys/net/core/somaxconn';

/** The kernel takes one more than the backlog (include/net/sock.h sk_acceptq_is_full). */
function isFull({ state, diag }: SocketRow): boolean {
  return state === 'LISTEN' && diag !== undefined && diag.receiveQueue > diag.sendQueue;
}

/** What would have been asked, were it not of another namespace. Call it after the second look, which tells what hangs on it. */
export function noteOtherNamespaces(evidence: Evidence, snapshot: Snapshot, options: SnapshotOptions, coverage: CoverageLog): void {
  if (snapshot.sockets.size === 0) return;
  const own = ownNamespace(evidence);
  for (const [netns, { byInode, plain }] of snapshot.sockets) {
    if (own === undefined || netns === own) continue;
    const inside = snapshot.tables.find(({ process }) => process.netns === netns);
    for (const family of FAMILIES) {
      // What was answered by entering it is known.
      const wanted = wantedOf(family, [...byInode.values()], options).filter(({ diag }) => diag === undefined);
      if (wanted.length === 0) continue;
      const more = family === 'tcp' ? [...(plain?.inodesOf('tcp') ?? [])].length : 0;
      coverage.note({
        source: `sock_diag ${family}`,
        status: 'unsupported',
        seen: 0,
        total: wanted.length + more,
        detail: `tells of our own network namespace only, and these sockets are in another (${netns || 'not known which'}); ${UNKNOWN[family]}`,
        ...(inside && netns !== '' && { fix: `${options.isRoot ? '' : 'sudo '}nsenter -t ${inside.process.pid} -n ${options.rerun}` }),
        needed: inside !== undefined && wanted.some((row) => isStuck(snapshot, inside, row)),
      });
    }
  }
}

const UNKNOWN: Record<DiagFamily, string> = {
  tcp: 'backlogs and idle ages are unknown',
  unix: 'accept queues, backlogs and other ends of unix sockets are unknown',
};

function ownNamespace(evidence: Evidence): string | undefined {
  return evidence.readlink('/proc/self/ns/net').value?.slice(5, -1);
}

/** Of these rows those that are worth the question. /proc says how many connections wait at a TCP listener, and nothing of a unix one. */
function wantedOf(family: DiagFamily, rows: readonly SocketRow[], options: SnapshotOptions): SocketRow[] {
  const ofFamily = rows.filter((row) => row.protocol.startsWith(family));
  const isSuspicious =
    family === 'unix'
      ? options.allOwners || ofFamily.some((row) => row.state === 'LISTEN')
      : ofFamily.some(isBusyListener) || ofFamily.filter((row) => row.state === 'CLOSE_WAIT').length >= MANY_CLOSE_WAIT;
  return options.everything || isSuspicious ? ofFamily : [];
}

function isBusyListener(row: SocketRow): boolean {
  return row.state === 'LISTEN' && (row.receiveQueue ?? 0) > 0;
}

/** Nobody accepted between the looks and somebody still knocks: only the backlog is missing to prove that the queue is full. */
function isStuck({ sockets, secondLook }: Snapshot, { process }: FdTable, row: SocketRow): boolean {
  if (!isBusyListener(row)) return false;
  const first = sockets.get(process.netns ?? '')?.pending.get(row.localPort!);
  const second = secondLook?.pending.get(row.localPort!);
  if (!first || !second || second.synReceived + second.synSent === 0) return false;
  const still = new Set(second.neverAccepted);
  return first.neverAccepted.length > 0 && first.neverAccepted.every((peer) => still.has(peer));
}

interface Place {
  isOwn: boolean;
  /** Whose answers are counted, since nobody asks for them. */
  plain: PlainSockets | undefined;
}

function attach(ask: Asks, family: DiagFamily, rows: readonly SocketRow[], coverage: CoverageLog, { isOwn, plain }: Place): void {
  if (rows.length === 0) return;
  const answer = ask(family);
  // That another namespace may not be entered is told later, with how to do it.
  if (!isOwn && answer.errno !== undefined) return;
  const byInode = new Map<string, DiagSocket>((answer.value ?? []).map((socket) => [socket.inode, socket]));
  let seen = 0;
  for (const row of rows) {
    const diag = byInode.get(row.inode);
    if (!diag) continue;
    row.diag = diag;
    if (diag.peerInode !== undefined) row.peerInode = diag.peerInode;
    seen++;
  }
  const more = [...(plain?.inodesOf('tcp') ?? [])];
  for (const inode of more) if (byInode.has(String(inode))) seen++;
  coverage.note({
    source: `sock_diag ${family}`,
    status: statusOf(answer.errno),
    seen,
    total: rows.length + more.length,
    needed: false,
    ...(answer.errno !== undefined && { detail: `${errnoWords(answer.errno)}; ${UNKNOWN[family]}` }),
  });
}
