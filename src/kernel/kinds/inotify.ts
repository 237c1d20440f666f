import type { ByteString } from '../../evidence/types.ts';
import { countLines, someOf, weakIdentity } from './anon.ts';
import type { Kind } from './kind.ts';

export interface InotifyDetail {
  /** Live watches; absent when fdinfo could not be read. */
  watches?: number;
}

/** gVisor, pkg/sentry/vfs/inotify.go: its fdinfo has no line of any watch. */
const OF_GVISOR = /^anon_inode:\[inotifyfd(?::\d+)?\]$/;

/** Does it belong to a kernel that tells nobody what is watched? */
export function hidesWatches(link: ByteString): boolean {
  return OF_GVISOR.test(link);
}

/** fs/notify/fdinfo.c: one `inotify wd:` line per watch. The link has no brackets, unlike all others. */
export const inotify: Kind<InotifyDetail> = {
  name: 'inotify',
  plural: 'inotify instances',
  infoBlocks: true,
  matches: (link) => link === 'anon_inode:inotify' || link === 'anon_inode:[inotify]' || hidesWatches(link),
  decode: ({ link, info }) => (info && !hidesWatches(link) ? { watches: countLines(info.rest, 'inotify wd:') } : {}),
  identity: weakIdentity,
  key: () => 'inotify',
  attributes: (fd) => ({ watches: fd.detail.watches }),
  describe: (fd) => `inotify with ${someOf('watch', fd.detail.watches, 'watches')}`,
};
