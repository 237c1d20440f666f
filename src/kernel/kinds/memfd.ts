import { decodeText } from '../text.ts';
import type { Fd } from '../types.ts';
import type { Kind } from './kind.ts';

const SECRET = '/secretmem (deleted)';

/** memfd_create and memfd_secret: always shown as "(deleted)" (fs/libfs.c simple_dname), and never a deleted file. */
export const memfd: Kind<null> = {
  name: 'memfd',
  plural: 'memfds',
  // A file of a container may be called so as well: it has a link, or lacks the mark.
  matches: (link, _info, stat) => link === SECRET || (link.startsWith('/memfd:') && link.endsWith(' (deleted)') && (stat?.nlink ?? 0) === 0),
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
