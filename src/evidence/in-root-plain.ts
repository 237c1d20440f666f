/**
 * Files of a process whose root is ours too, without native calls. A path that holds a symbolic link is refused, as
 * openat2(RESOLVE_NO_SYMLINKS) would.
 */
import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { fileStatOf } from './file-stat.ts';
import type { ByteString, DirectoryEntry, PathLook } from './types.ts';

class Refused extends Error {
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** Does the process see the files that we see? */
export function sharesOurFiles(pid: number): boolean {
  try {
    const own = readlinkSync('/proc/self/ns/mnt') === readlinkSync(`/proc/${pid}/ns/mnt`);
    return own && readlinkSync(`/proc/${pid}/root`) === '/' && readlinkSync('/proc/self/root') === '/';
  } catch {
    return false;
  }
}

/** @throws with `code` an errno name; ENOTSUP when the process sees other files than we */
export function plainLook(pid: number, path: ByteString): PathLook {
  const bytes = checked(pid, path);
  const found = lstatSync(bytes, { bigint: true });
  return { stat: fileStatOf(found), ...(found.isSymbolicLink() && { link: readlinkSync(bytes, 'latin1') }) };
}

/** @throws as plainLook */
export function plainList(pid: number, path: ByteString): DirectoryEntry[] {
  const bytes = checked(pid, path);
  return readdirSync(bytes, 'latin1').flatMap((name): DirectoryEntry[] => {
    try {
      const stat = lstatSync(Buffer.from(`${path}/${name}`, 'latin1'), { bigint: true });
      const type = stat.isDirectory() ? 'directory' : stat.isFile() ? 'file' : stat.isSymbolicLink() ? 'link' : 'other';
      return [{ name, ino: String(stat.ino), type }];
    } catch {
      return [];
    }
  });
}

function checked(pid: number, path: ByteString): Buffer {
  if (!sharesOurFiles(pid)) throw new Refused('ENOTSUP');
  // Part by part: realpath(3) would go where a link leads, which may be a file system that does not answer.
  for (let slash = path.indexOf('/', 1); slash > 0; slash = path.indexOf('/', slash + 1)) {
    if (lstatSync(Buffer.from(path.slice(0, slash), 'latin1')).isSymbolicLink()) throw new Refused('ELOOP');
  }
  return Buffer.from(path, 'latin1');
}
