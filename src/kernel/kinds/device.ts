import { decodeText } from '../text.ts';
import type { Kind } from './kind.ts';
import { fileIdentity, fileType, isPath, pathKey, S_IFBLK, S_IFCHR } from './path.ts';

/** A character or block device. /dev/shm holds plain files: they are not devices. */
export const device: Kind<null> = {
  name: 'device',
  plural: 'devices',
  matches: (link, _info, stat) => {
    if (!isPath(link)) return false;
    if (stat) return fileType(stat) === S_IFCHR || fileType(stat) === S_IFBLK;
    return link.startsWith('/dev/') && !link.startsWith('/dev/shm/') && !link.startsWith('/dev/mqueue/');
  },
  decode: () => null,
  identity: fileIdentity,
  key: pathKey,
  keyIsPath: true,
  attributes: (fd) => ({ path: decodeText(fd.link).text, block: fd.stat ? fileType(fd.stat) === S_IFBLK : undefined }),
  describe: (fd) => decodeText(fd.link).text,
};
