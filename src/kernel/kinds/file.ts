import { decodeText } from '../text.ts';
import type { Kind } from './kind.ts';
import { fileIdentity, isDeleted, isPath, pathKey } from './path.ts';

/** A regular file, and every path whose type could not be asked (its stat timed out): files are by far the most. */
export const file: Kind<null> = {
  name: 'file',
  plural: 'files',
  matches: isPath,
  decode: () => null,
  identity: fileIdentity,
  key: pathKey,
  keyIsPath: true,
  attributes: (fd) => ({
    path: decodeText(fd.link).text,
    deleted: isDeleted(fd.link, fd.stat),
    bytes: fd.stat?.size,
    allocatedBytes: fd.stat?.allocatedBytes,
    links: fd.stat?.nlink,
    inode: fd.stat?.ino ?? fd.info?.ino,
    position: fd.info ? Number(fd.info.pos) : undefined,
  }),
  describe: (fd) => decodeText(fd.link).text,
};
