import type { ByteString } from '../../evidence/types.ts';
import type { RawTable } from '../fd-table.ts';
import type { SocketIndex } from './sockets.ts';

/** Links whose other holders are asked for. */
export interface WantedLinks {
  any: boolean;
  has(link: ByteString): boolean;
}

const SOCKET = 'socket:[';

/** Pipes and sockets the targets hold, and the local peers of their sockets: somebody else may hold these too. */
export function otherEnds(raws: readonly RawTable[], sockets: Pick<SocketIndex, 'isHeld' | 'tables'>): WantedLinks {
  const pipes = new Set<ByteString>();
  const peers = new Set<string>();
  let any = false;
  for (const { links: { texts } } of raws) {
    for (const link of texts) {
      any ||= link.startsWith(SOCKET);
      if (link.startsWith('pipe:[')) pipes.add(link);
    }
  }
  for (const { byInode } of sockets.tables.values()) {
    for (const { peerInode } of byInode.values()) if (peerInode !== undefined && !sockets.isHeld(peerInode)) peers.add(peerInode);
  }
  const isWanted = (inode: string): boolean => sockets.isHeld(inode) || peers.has(inode);
  return {
    any: any || pipes.size > 0,
    has: (link) => (link.startsWith(SOCKET) ? isWanted(link.slice(SOCKET.length, -1)) : pipes.has(link)),
  };
}
