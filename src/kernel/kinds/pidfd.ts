import { infoField } from './anon.ts';
import type { Kind } from './kind.ts';

export interface PidfdDetail {
  /** The process it stands for; -1 once that was reaped. */
  pid?: number;
}

/** kernel/pid.c pidfd_show_fdinfo. Since pidfs (6.9) each process has an inode of its own. */
export const pidfd: Kind<PidfdDetail> = {
  name: 'pidfd',
  plural: 'pidfds',
  matches: (link) => link === 'anon_inode:[pidfd]' || link.startsWith('pidfd:['),
  decode: ({ info }) => {
    const pid = infoField(info, 'Pid');
    return pid === undefined ? {} : { pid: Number(pid) };
  },
  identity: (fd) =>
    fd.detail.pid !== undefined && fd.detail.pid > 0
      ? { id: `pidfd:${fd.detail.pid}:${fd.info?.ino ?? ''}`, quality: 'weak' }
      : { id: 'pidfd:reaped', quality: 'weak' },
  key: (fd) => (fd.detail.pid === -1 ? 'pidfd of a process that is gone' : 'pidfd'),
  attributes: (fd) => ({ ofPid: fd.detail.pid }),
  describe: (fd) => (fd.detail.pid === -1 ? 'pidfd of a process that is gone' : `pidfd of process ${fd.detail.pid ?? 'unknown'}`),
};
