import { O_DIRECTORY } from '../proc/fdinfo.ts';
import { decodeText } from '../text.ts';
import type { Kind } from './kind.ts';
import { fileIdentity, fileType, isDeleted, isPath, pathKey, S_IFDIR } from './path.ts';

export const directory: Kind<null> = {
  name: 'directory',
  plural: 'directories',
  // Without a stat, O_DIRECTORY in the open flags still proves a directory; its absence proves nothing.
  matches: (link, info, stat) => isPath(link) && (stat ? fileType(stat) === S_IFDIR : ((info?.flags ?? 0) & O_DIRECTORY) !== 0),
  decode: () => null,
  identity: fileIdentity,
  key: pathKey,
  keyIsPath: true,
  attributes: (fd) => ({ path: decodeText(fd.link).text, deleted: isDeleted(fd.link, fd.stat), inode: fd.stat?.ino ?? fd.info?.ino }),
  describe: (fd) => decodeText(fd.link).text,
};
