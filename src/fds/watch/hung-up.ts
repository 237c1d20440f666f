/** Connections that the other side has hung up since a sample before. */
import type { ByteString, Evidence } from '../../evidence/types.ts';
import { scanInet } from '../../kernel/proc/net-inet.ts';
import type { SocketRow } from '../../kernel/types.ts';

/** include/net/tcp_states.h. */
const CLOSE_WAIT = 8;

/** Rows of those among `inodes` that are in CLOSE_WAIT now. One pass over /proc/PID/net/tcp and tcp6; other rows are not even decoded. */
export function hungUp(evidence: Evidence, pid: number, inodes: ReadonlySet<string>): Map<ByteString, SocketRow> {
  const rows = new Map<string, SocketRow>();
  for (const protocol of ['tcp', 'tcp6'] as const) {
    const text = evidence.read(`/proc/${pid}/net/${protocol}`).value ?? '';
    scanInet(text, protocol, (row) => rows.set(row.inode, row), (inode, state) => state === CLOSE_WAIT && inodes.has(inode));
  }
  return rows;
}
