import { weakIdentity } from './anon.ts';
import type { Kind } from './kind.ts';

/** One registration, from a `tfd:` line (fs/eventpoll.c ep_show_fdinfo). */
export interface EpollTarget {
  /** The number at which the file was registered: it may since have been closed or used again. */
  fd: number;
  /** EPOLL* bits. */
  events: number;
  /** Inode of the registered file, decimal (since 4.13). */
  ino?: string;
  /** Its superblock device as the kernel prints it, major << 20 | minor, decimal. */
  sdev?: string;
}

export interface EpollDetail {
  /** Absent when fdinfo could not be read. */
  targets?: EpollTarget[];
}

const line = /^tfd:\s*(\d+)\s+events:\s*([0-9a-f]+)\s+data:\s*[0-9a-f]+(?:\s+pos:\s*-?\d+\s+ino:\s*([0-9a-f]+)\s+sdev:\s*([0-9a-f]+))?/;

export const epoll: Kind<EpollDetail> = {
  name: 'epoll',
  plural: 'epoll instances',
  infoBlocks: true,
  matches: (link) => link === 'anon_inode:[eventpoll]',
  decode: ({ info }) => (info ? { targets: parseTargets(info.rest) } : {}),
  identity: weakIdentity,
  key: () => 'epoll',
  attributes: (fd) => ({ targets: fd.detail.targets?.length }),
  describe: (fd) => `epoll watching ${fd.detail.targets?.length ?? 'an unknown number of'} descriptors`,
};

/** tfd is decimal; events, ino and sdev are hex. */
function parseTargets(rest: string): EpollTarget[] {
  const targets: EpollTarget[] = [];
  for (const text of rest.split('\n')) {
    const match = line.exec(text);
    if (!match) continue;
    targets.push({
      fd: Number(match[1]),
      events: Number.parseInt(match[2]!, 16),
      ...(match[3] !== undefined && { ino: BigInt(`0x${match[3]}`).toString() }),
      ...(match[4] !== undefined && { sdev: BigInt(`0x${match[4]}`).toString() }),
    });
  }
  return targets;
}
