/** Backlogs, idle ages and unix peers, by native sock_diag, when a suspicion or an option asks for them. */
import type { DiagSocket, Evidence } from '../../evidence/types.ts';
import type { CoverageLog } from '../coverage.ts';
import { errnoWords, statusOf } from '../coverage.ts';
import type { RawTable } from '../fd-table.ts';
import type { SocketRow } from '../types.ts';
import type { SnapshotOptions } from './options.ts';
import type { SocketIndex } from './sockets.ts';

const MANY_CLOSE_WAIT = 5;

/** Our own namespace only: netlink answers for the namespace of the socket that asks. */
export function askSockDiag(evidence: Evidence, raws: readonly RawTable[], sockets: SocketIndex, options: SnapshotOptions, coverage: CoverageLog): void {
  const own = evidence.readlink('/proc/self/ns/net').value?.slice(5, -1);
  const table = own === undefined ? undefined : sockets.tables.get(own);
  if (!table || !raws.some((raw) => raw.process.netns === own)) return;
  const rows = [...table.byInode.values()];
  if (options.everything || rows.some(isBusyListener) || rows.filter((row) => row.state === 'CLOSE_WAIT').length >= MANY_CLOSE_WAIT) {
    attach(evidence, 'tcp', rows.filter((row) => row.protocol.startsWith('tcp')), coverage);
  }
  if (options.everything || options.allOwners) attach(evidence, 'unix', rows.filter((row) => row.protocol === 'unix'), coverage);
}

function isBusyListener(row: SocketRow): boolean {
  return row.state === 'LISTEN' && (row.receiveQueue ?? 0) > 0;
}

function attach(evidence: Evidence, family: 'tcp' | 'unix', rows: readonly SocketRow[], coverage: CoverageLog): void {
  if (rows.length === 0) return;
  const answer = evidence.sockDiag(family);
  const byInode = new Map<string, DiagSocket>((answer.value ?? []).map((socket) => [socket.inode, socket]));
  let seen = 0;
  for (const row of rows) {
    const diag = byInode.get(row.inode);
    if (!diag) continue;
    row.diag = diag;
    if (diag.peerInode !== undefined) row.peerInode = diag.peerInode;
    seen++;
  }
  coverage.note({
    source: `sock_diag ${family}`,
    status: statusOf(answer.errno),
    seen,
    total: rows.length,
    needed: false,
    ...(answer.errno !== undefined && { detail: `${errnoWords(answer.errno)}; backlogs and idle ages are unknown` }),
  });
}
