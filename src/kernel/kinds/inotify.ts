import { countLines, someOf, weakIdentity } from './anon.ts';
import type { Kind } from './kind.ts';

export interface InotifyDetail {
  /** Live watches; absent when fdinfo could not be read. */
  watches?: number;
}

/** fs/notify/fdinfo.c: one `inotify wd:` line per watch. The link has no brackets, unlike all others. */
export const inotify: Kind<InotifyDetail> = {
  name: 'inotify',
  plural: 'inotify instances',
  infoBlocks: true,
  matches: (link) => link === 'anon_inode:inotify' || link === 'anon_inode:[inotify]',
  decode: ({ info }) => (info ? { watches: countLines(info.rest, 'inotify wd:') } : {}),
  identity: weakIdentity,
  key: () => 'inotify',
  attributes: (fd) => ({ watches: fd.detail.watches }),
  describe: (fd) => `inotify with ${someOf('watch', fd.detail.watches, 'watches')}`,
};
