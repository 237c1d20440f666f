import { accessMode } from '../proc/fdinfo.ts';
import { byLooks } from '../templates.ts';
import { decodeText } from '../text.ts';
import type { Fd } from '../types.ts';
import type { Kind } from './kind.ts';
import { fileIdentity, fileType, isPath, pathKey, S_IFIFO } from './path.ts';

export interface PipeDetail {
  /** Which end: `read`, `write`, or `both` (a FIFO opened O_RDWR); absent when fdinfo could not be read. */
  end?: 'read' | 'write' | 'both';
  /** Of an anonymous pipe: its inode, decimal, shared by both ends. */
  inode?: string;
}

const ends = { r: 'read', w: 'write', rw: 'both', path: undefined } as const;

/** An anonymous pipe (`pipe:[ino]`) or a named one. */
export const pipe: Kind<PipeDetail> = {
  name: 'pipe',
  plural: 'pipes',
  matches: (link, _info, stat) => link.startsWith('pipe:[') || (isPath(link) && stat !== undefined && fileType(stat) === S_IFIFO),
  decode: ({ link, info, stat }) => {
    const end = info && ends[accessMode(info.flags)];
    const inode = link.startsWith('pipe:[') ? link.slice(6, -1) : stat?.ino;
    return { ...(end && { end }), ...(inode !== undefined && { inode }) };
  },
  // Both ends share the inode, so the end belongs to the identity.
  identity: (fd) =>
    fd.link.startsWith('pipe:[') ? { id: `pipe:${fd.detail.inode}:${fd.detail.end ?? '?'}`, quality: 'exact' } : fileIdentity(fd),
  key: (fd) => (fd.link.startsWith('pipe:[') ? endWords(fd) : `${pathKey(fd)} (${endWords(fd)})`),
  wideKey: (fd) => (fd.link.startsWith('pipe:[') ? endWords(fd) : `${byLooks(pathKey(fd)).replace(/[^/]*$/, '*')} (${endWords(fd)})`),
  attributes: (fd) => ({ end: fd.detail.end, inode: fd.detail.inode }),
  describe: (fd) => `${decodeText(fd.link).text} ${endWords(fd)}`,
};

function endWords(fd: Fd<PipeDetail>): string {
  if (fd.detail.end === undefined) return 'end unknown';
  return fd.detail.end === 'both' ? 'both ends' : `${fd.detail.end} end`;
}
