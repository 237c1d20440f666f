import { infoField, weakIdentity } from './anon.ts';
import type { Kind } from './kind.ts';

export interface EventfdDetail {
  /** Counter, printed by the kernel in hex (fs/eventfd.c eventfd_show_fdinfo); a decimal string, it has 64 bits. */
  count?: string;
  /** Since 5.2; unique among living eventfds, used again after close. */
  id?: string;
  semaphore?: boolean;
}

export const eventfd: Kind<EventfdDetail> = {
  name: 'eventfd',
  plural: 'eventfds',
  matches: (link) => link === 'anon_inode:[eventfd]',
  decode: ({ info }) => {
    const count = infoField(info, 'eventfd-count');
    const id = infoField(info, 'eventfd-id');
    const semaphore = infoField(info, 'eventfd-semaphore');
    return {
      ...(count !== undefined && /^[0-9a-f]+$/i.test(count) && { count: BigInt(`0x${count}`).toString() }),
      ...(id !== undefined && { id }),
      ...(semaphore !== undefined && { semaphore: semaphore === '1' }),
    };
  },
  identity: (fd) => (fd.detail.id === undefined ? weakIdentity(fd) : { id: `eventfd:${fd.detail.id}`, quality: 'exact' }),
  key: () => 'eventfd',
  attributes: (fd) => ({ eventCount: fd.detail.count, eventfdId: fd.detail.id, semaphore: fd.detail.semaphore }),
  describe: (fd) => `eventfd${fd.detail.id === undefined ? '' : ` id ${fd.detail.id}`} count ${fd.detail.count ?? 'unknown'}`,
};
