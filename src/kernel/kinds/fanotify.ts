import { countLines, someOf, weakIdentity } from './anon.ts';
import type { Kind } from './kind.ts';

export interface FanotifyDetail {
  /** Marks on files, mounts and file systems; absent when fdinfo could not be read. */
  marks?: number;
}

/**
 * fs/notify/fdinfo.c fanotify_show_fdinfo: a line of flags, then one per mark (`fanotify ino:`, `mnt_id:` or `sdev:`). Walking
 * the marks takes the mutex of the group, as with inotify.
 */
export const fanotify: Kind<FanotifyDetail> = {
  name: 'fanotify',
  plural: 'fanotify groups',
  infoBlocks: true,
  matches: (link) => link === 'anon_inode:[fanotify]',
  decode: ({ info }) => (info ? { marks: countLines(info.rest, 'fanotify ') - countLines(info.rest, 'fanotify flags:') } : {}),
  identity: weakIdentity,
  key: () => 'fanotify',
  attributes: (fd) => ({ marks: fd.detail.marks }),
  describe: (fd) => `fanotify with ${someOf('mark', fd.detail.marks)}`,
};
