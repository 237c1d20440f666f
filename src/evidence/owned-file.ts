import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';

/**
 * The text of a regular file that belongs to this user, or to root: whoever else put it there may not tell us anything. A symbolic link as
 * its last part is not followed, a pipe or a device not waited for. Undefined when it is none, or larger than `most` bytes.
 */
export function readOwnedFile(path: string, uid: number, most: number): string | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.size > most || (stat.uid !== uid && stat.uid !== 0)) return undefined;
    return readFileSync(fd, 'utf8');
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
