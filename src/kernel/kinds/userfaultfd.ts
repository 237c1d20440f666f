import { infoNumber, someOf, weakIdentity } from './anon.ts';
import type { Kind } from './kind.ts';

export interface UserfaultfdDetail {
  /** Page faults that wait for the handler to read them: threads that stand still. */
  pending?: number;
}

/** fs/userfaultfd.c userfaultfd_show_fdinfo. The device /dev/userfaultfd makes the same. */
export const userfaultfd: Kind<UserfaultfdDetail> = {
  name: 'userfaultfd',
  plural: 'userfaultfds',
  matches: (link) => link === 'anon_inode:[userfaultfd]',
  decode: ({ info }) => {
    const pending = infoNumber(info, 'pending');
    return pending === undefined ? {} : { pending };
  },
  identity: weakIdentity,
  key: () => 'userfaultfd',
  attributes: (fd) => ({ pendingFaults: fd.detail.pending }),
  describe: (fd) => `userfaultfd with ${someOf('fault', fd.detail.pending)} that nobody has read`,
};
