import { PackedLinks } from '../../evidence/packed-links.ts';
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
  for (const { links } of raws) {
    for (let index = 0; index < links.size; index++) {
      if (links instanceof PackedLinks && (links.inodeAt(index) !== 0 || links.isNamedAt(index))) {
        any ||= links.inodeAt(index) !== 0;
        continue;
      }
      const link = links.textAt(index);
      any ||= link.startsWith(SOCKET);
      if (link.startsWith('pipe:[')) pipes.add(link);
    }
  }
  for (const { byInode, plain } of sockets.tables.values()) {
    for (const { peerInode } of byInode.values()) if (peerInode !== undefined && !sockets.isHeld(peerInode)) peers.add(peerInode);
    for (const peer of plain?.otherPeers() ?? []) if (!sockets.isHeld(String(peer))) peers.add(String(peer));
  }
  const isWanted = (inode: string): boolean => sockets.isHeld(inode) || peers.has(inode);
  return {
    any: any || pipes.size > 0,
    has: (link) => (link.startsWith(SOCKET) ? isWanted(link.slice(SOCKET.length, -1)) : pipes.has(link)),
  };
}
