import type { ByteString } from '../../evidence/types.ts';
import type { RawTable } from '../fd-table.ts';
import type { SocketTable } from '../types.ts';

/** Links whose other holders are asked for. */
export interface WantedLinks {
  any: boolean;
  has(link: ByteString): boolean;
}

const SOCKET = 'socket:[';

/** Pipes and sockets the targets hold, and the local peers of their sockets: somebody else may hold these too. */
export function otherEnds(raws: readonly RawTable[], tables: Iterable<SocketTable>): WantedLinks {
  const links = new Set<ByteString>();
  const peers = new Set<string>();
  for (const { links: { texts } } of raws) {
    for (const link of texts) if (link.startsWith(SOCKET) || link.startsWith('pipe:[')) links.add(link);
  }
  for (const { byInode } of tables) for (const { peerInode } of byInode.values()) if (peerInode !== undefined) peers.add(peerInode);
  return {
    any: links.size > 0,
    has: (link) => links.has(link) || (link.startsWith(SOCKET) && peers.has(link.slice(SOCKET.length, -1))),
  };
}
