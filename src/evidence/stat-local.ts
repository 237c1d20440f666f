/**
 * stat(2) of descriptors without a child, where it cannot block: their files are on a file system of this machine, which says
 * what it knows of an open file from memory. A child costs as much as half of all else that a look at a small process does.
 */
import { statSync } from 'node:fs';
import { errnoOf } from './errno.ts';
import { fileStatOf } from './file-stat.ts';
import { readStart, readWhole } from './procfs.ts';
import type { Reply } from './reader-parts.ts';
import type { FileStat } from './types.ts';

/** None asks a server or another process. What is stacked upon others (overlay, ecryptfs) may, and is not among them. */
const LOCAL = new Set([
  'btrfs', 'devpts', 'devtmpfs', 'erofs', 'ext2', 'ext3', 'ext4', 'f2fs', 'ramfs', 'rootfs', 'squashfs', 'tmpfs', 'vfat', 'xfs',
]);
/** More are cheaper in one child. */
const MOST = 256;
/** Bytes of mountinfo that are read: with thousands of mounts a child is cheaper, too. */
const MOST_MOUNTS = 32 * 1024;
const TABLE = /^\/proc\/(?:\d+|self)\/fd$/;

/**
 * Follows `directory/name` for each name, in their order; undefined where that might block. `directory` is /proc/PID/fd.
 * A file of a dead file system cannot be opened, so none takes the number of another between two questions.
 */
export function statLocal(directory: string, names: readonly string[]): (Reply<FileStat> | undefined)[] {
  if (names.length > MOST || !TABLE.test(directory)) return names.map(() => undefined);
  const process = directory.slice(0, -'/fd'.length);
  let local: ReadonlySet<string> | undefined;
  return names.map((name) => {
    if (!/^\d+$/.test(name)) return undefined;
    try {
      const mount = /^mnt_id:\s*(\d+)$/m.exec(readWhole(`${process}/fdinfo/${name}`))?.[1];
      if (mount === undefined || !(local ??= localMounts(process)).has(mount)) return undefined;
      return { value: fileStatOf(statSync(`${directory}/${name}`, { bigint: true })) };
    } catch (error) {
      return errnoOf(error) === 'ENOENT' ? { errno: 'ENOENT' } : undefined;
    }
  });
}

/** Numbers of the mounts of local file systems that the process sees. Fields of a line: fs/proc_namespace.c show_mountinfo(). */
function localMounts(process: string): ReadonlySet<string> {
  const local = new Set<string>();
  for (const line of readStart(`${process}/mountinfo`, MOST_MOUNTS).split('\n')) {
    // Blanks in names are escaped, so the first separator is the one.
    const type = /^[^ ]+/.exec(line.slice(line.indexOf(' - ') + 3))?.[0];
    if (type !== undefined && LOCAL.has(type)) local.add(line.slice(0, line.indexOf(' ')));
  }
  return local;
}
