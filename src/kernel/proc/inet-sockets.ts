/** The rows of sock_diag as those of /proc/net: what one of the two tells, the other does in the same words. */
import type { InetSockets } from '../../evidence/types.ts';
import type { SocketRow } from '../types.ts';
import { socketStateName } from './net-inet.ts';

const LISTEN = 10;

/** As scanInet(). A listener's sendQueue is 0, as the kernel prints it there; sock_diag has its backlog in that place. */
export function scanInetSockets(
  sockets: InetSockets,
  family: 'tcp' | 'udp',
  visit: (row: SocketRow) => void,
  wanted: (inode: string, state: number, localPort: number, remotePort: number) => boolean,
): void {
  const six = `${family}6` as const;
  for (let index = 0; index < sockets.count; index++) {
    const inode = String(sockets.inode(index));
    const state = sockets.state(index);
    const localPort = sockets.localPort(index);
    const remotePort = sockets.remotePort(index);
    if (!wanted(inode, state, localPort, remotePort)) continue;
    visit({
      protocol: sockets.isIpv6(index) ? six : family,
      inode,
      state: socketStateName(family, state),
      localAddress: sockets.localAddress(index),
      localPort,
      remoteAddress: sockets.remoteAddress(index),
      remotePort,
      receiveQueue: sockets.receiveQueue(index),
      sendQueue: family === 'tcp' && state === LISTEN ? 0 : sockets.sendQueue(index),
      uid: sockets.uid(index),
    });
  }
}
