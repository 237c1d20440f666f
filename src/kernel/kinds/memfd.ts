import { decodeText } from '../text.ts';
import type { Fd } from '../types.ts';
import type { Kind } from './kind.ts';

/** memfd_create and memfd_secret: always shown as "(deleted)", and never a deleted file. */
export const memfd: Kind<null> = {
  name: 'memfd',
  plural: 'memfds',
  matches: (link) => link.startsWith('/memfd:') || link === '/secretmem' || link === '/secretmem (deleted)',
  decode: () => null,
  // Each memfd is an inode of its own, so the inode names one of them for as long as it lives.
  identity: (fd) => {
    const inode = fd.stat?.ino ?? fd.info?.ino;
    return inode === undefined ? { id: `memfd:${fd.link}`, quality: 'weak' } : { id: `memfd:${inode}`, quality: 'exact' };
  },
  key: nameOf,
  keyIsPath: true,
  attributes: (fd) => ({ name: nameOf(fd), bytes: fd.stat?.size, allocatedBytes: fd.stat?.allocatedBytes, inode: fd.stat?.ino ?? fd.info?.ino }),
  describe: nameOf,
};

function nameOf(fd: Fd): string {
  return decodeText(fd.link.replace(/ \(deleted\)$/, '').slice(1)).text;
}
