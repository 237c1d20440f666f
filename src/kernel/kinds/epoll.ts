import { someOf, weakIdentity } from './anon.ts';
import { type EpollDetail, parseTargets } from './epoll-targets.ts';
import type { Kind } from './kind.ts';

export const epoll: Kind<EpollDetail> = {
  name: 'epoll',
  plural: 'epoll instances',
  infoBlocks: true,
  matches: (link) => link === 'anon_inode:[eventpoll]',
  decode: ({ info }) => (info ? { targets: parseTargets(info.rest) } : {}),
  identity: weakIdentity,
  key: () => 'epoll',
  attributes: (fd) => ({ targets: fd.detail.targets?.length }),
  describe: (fd) => `epoll watching ${someOf('descriptor', fd.detail.targets?.length)}`,
};
