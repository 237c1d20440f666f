import type { ByteString, FileStat } from '../../evidence/types.ts';
import { decodeText } from '../text.ts';
import type { Kind } from './kind.ts';
import { fileIdentity, fileType, isDeleted, isPath, pathKey } from './path.ts';

const S_IFREG = 0o100000;
/** FILENT_SIZE of ipc/mqueue.c: the size every queue claims, without a block to hold it. */
const QUEUE_SIZE = 80;
/** Opened by mq_open() a queue is `/name`, on a mount nobody sees; opened as a file it lies where its file system is mounted. */
const MAY_BE = /^\/(?:[^/]+|dev\/(?!shm\/)[^/]+\/[^/]+)$/s;

/** A POSIX message queue. fdinfo has nothing of its own for it, and no link names it: what the queue looks like does. */
export const mqueue: Kind<null> = {
  name: 'mqueue',
  plural: 'message queues',
  matches: (link, _info, stat) => isPath(link) && (stat ? looksLikeOne(link, stat) : link.startsWith('/dev/mqueue/')),
  decode: () => null,
  identity: fileIdentity,
  key: pathKey,
  keyIsPath: true,
  attributes: (fd) => ({ path: decodeText(fd.link).text, deleted: isDeleted(fd.link, fd.stat), inode: fd.stat?.ino ?? fd.info?.ino }),
  describe: (fd) => `message queue ${decodeText(fd.link).text}`,
};

function looksLikeOne(link: ByteString, stat: FileStat): boolean {
  return stat.size === QUEUE_SIZE && stat.allocatedBytes === 0 && fileType(stat) === S_IFREG && MAY_BE.test(link);
}
