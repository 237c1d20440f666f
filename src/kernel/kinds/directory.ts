import { O_DIRECTORY, O_TMPFILE } from '../proc/fdinfo.ts';
import { decodeText } from '../text.ts';
import type { FdInfo } from '../types.ts';
import type { Kind } from './kind.ts';
import { fileIdentity, fileType, isDeleted, isPath, pathKey, S_IFDIR } from './path.ts';

export const directory: Kind<null> = {
  name: 'directory',
  plural: 'directories',
  matches: (link, info, stat) => isPath(link) && (stat ? fileType(stat) === S_IFDIR : wasOpenedAsDirectory(info)),
  decode: () => null,
  identity: fileIdentity,
  key: pathKey,
  keyIsPath: true,
  attributes: (fd) => ({ path: decodeText(fd.link).text, deleted: isDeleted(fd.link, fd.stat), inode: fd.stat?.ino ?? fd.info?.ino }),
  describe: (fd) => decodeText(fd.link).text,
};

/**
 * Without a stat, O_DIRECTORY in the open flags still proves a directory; its absence proves nothing. O_TMPFILE contains the
 * bit and makes a file.
 */
function wasOpenedAsDirectory(info: FdInfo | undefined): boolean {
  const flags = info?.flags ?? 0;
  return (flags & O_DIRECTORY) !== 0 && (flags & O_TMPFILE) !== O_TMPFILE;
}
