/** Listening sockets by the names that users know. */
import { fdsOf } from '../kernel/fd-index.ts';
import { socket } from '../kernel/kinds/socket.ts';
import { O_NONBLOCK } from '../kernel/proc/fdinfo.ts';
import { decodeText } from '../kernel/text.ts';
import type { FdTable, SocketRow } from '../kernel/types.ts';
import type { Listener } from './model.ts';

/** Each listening socket once, with all its numbers. */
export function listenersOf({ fds }: FdTable): Listener[] {
  const listeners = new Map<string, Listener>();
  for (const { fd, detail, info } of fdsOf(fds, socket)) {
    if (detail.row?.state !== 'LISTEN') continue;
    const known = listeners.get(detail.inode);
    if (known) known.fds.push(fd);
    else listeners.set(detail.inode, { inode: detail.inode, ...nameOf(detail.row), fds: [fd], ...(info && { nonBlocking: (info.flags & O_NONBLOCK) !== 0 }) });
  }
  return [...listeners.values()];
}

export function nameOf({ protocol, path, localAddress = '', localPort, v6Only }: SocketRow): Pick<Listener, 'name' | 'address' | 'port' | 'v6Only'> {
  if (protocol === 'unix') {
    const text = path === undefined ? 'unnamed unix socket' : decodeText(path).text;
    return { name: text, address: text, port: null };
  }
  const host = localAddress.includes(':') ? `[${localAddress}]` : localAddress;
  return { name: `${host}:${localPort}`, address: localAddress, port: localPort ?? null, ...(v6Only !== undefined && { v6Only }) };
}
