/** The sockets that listen on a port, by inode: the same inode in two generations is the same socket, with all that waits in it. */
import type { Evidence } from '../evidence/types.ts';
import { scanInet } from '../kernel/proc/net-inet.ts';

/** TCP_LISTEN of include/net/tcp_states.h. */
const LISTEN = 10;

export interface Listening {
  inode: string;
  port: number;
  /** Address and port: two sockets of one are a group (SO_REUSEPORT). */
  local: string;
  /** Waiting to be accepted, and how many may; absent where only /proc/net/tcp could be read. */
  queue?: number;
  backlog?: number;
}

/** All TCP listeners in the network namespace of a process. */
export function listenersAt(evidence: Evidence, pid: number): Listening[] {
  const told = evidence.network?.sockDiagOf(pid, 'tcp listeners').value;
  if (told) return told.map(({ inode, local = '', receiveQueue, sendQueue }) => ({ inode, local, port: Number(local.slice(local.lastIndexOf(':') + 1)), queue: receiveQueue, backlog: sendQueue }));
  const found: Listening[] = [];
  for (const protocol of ['tcp', 'tcp6'] as const) {
    scanInet(evidence.read(`/proc/${pid}/net/${protocol}`).value ?? '', protocol, ({ inode, localAddress, localPort = 0 }) => void found.push({ inode, port: localPort, local: `${localAddress}:${localPort}` }), (_inode, state) => state === LISTEN);
  }
  return found;
}
