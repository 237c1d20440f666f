/** What the kinds that have a path in the file system share: files, directories, devices, named pipes. */
import type { ByteString, FileStat } from '../../evidence/types.ts';
import { decodeText } from '../text.ts';
import type { Fd, Identity } from '../types.ts';

const DELETED = ' (deleted)';
const S_IFMT = 0o170000;
export const S_IFIFO = 0o010000;
export const S_IFCHR = 0o020000;
export const S_IFDIR = 0o040000;
export const S_IFBLK = 0o060000;

/** S_IFREG and its like. */
export function fileType(stat: FileStat): number {
  return stat.mode & S_IFMT;
}

/** Does the link lead to a name in a file system? All others are `type:[inode]` or `anon_inode:...`. */
export function isPath(link: ByteString): boolean {
  return link.charCodeAt(0) === 47;
}

/**
 * Unlinked and with no other name left? The text "(deleted)" alone proves nothing: a live file may be called so, and an
 * unlinked name may have a hard link elsewhere, so that closing frees no space. Without a stat the text is all there is.
 */
export function isDeleted(link: ByteString, stat: FileStat | undefined): boolean {
  if (stat) return stat.nlink === 0;
  return link.endsWith(DELETED);
}

/** The path as it was, without the mark the kernel adds to an unlinked one. */
export function pathOf(fd: Fd): string {
  const { link } = fd;
  const bare = link.endsWith(DELETED) && isDeleted(link, fd.stat) ? link.slice(0, -DELETED.length) : link;
  return decodeText(bare).text;
}

/** The path, with ` (deleted)` behind it when it has no name any more. */
export function pathKey(fd: Fd): string {
  return isDeleted(fd.link, fd.stat) ? pathOf(fd) + DELETED : pathOf(fd);
}

/** The inode on its mount. Weak: a file that is opened again and again has one inode for many opens. */
export function fileIdentity(fd: Fd): Identity {
  if (fd.stat) return { id: `${fd.kind}:${fd.stat.dev}:${fd.stat.ino}`, quality: 'weak' };
  if (fd.info?.ino !== undefined) return { id: `${fd.kind}:mnt${fd.info.mntId ?? ''}:${fd.info.ino}`, quality: 'weak' };
  return { id: `${fd.kind}:${fd.link}`, quality: 'weak' };
}
