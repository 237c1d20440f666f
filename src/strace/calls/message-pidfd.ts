/** The pidfd of its sender that comes with a message (SO_PASSPIDFD). strace tells its number since 6.5; before, the rule by which numbers are given out does. */
import type { ByteString } from '../../evidence/types.ts';
import { fdOf } from '../parse/args.ts';
import { lowestFree, owe } from '../tables/lowest.ts';
import type { OpenOptions, Thread } from '../tables/types.ts';
import type { Call, Context } from './call.ts';

/** include/linux/socket.h; with -X raw both are numbers. */
const PIDFD = /cmsg_level=(?:SOL_SOCKET|0x1\b[^,]*|1), cmsg_type=(?:SCM_PIDFD|0x4\b)[^,}]*(?:, cmsg_data=([^}]*))?/g;

/**
 * Opens those of a message that was received, after what SCM_RIGHTS brought: the kernel installs them in this order (net/core/scm.c, pidfd_prepare
 * makes them O_CLOEXEC). Where neither the log nor the table tells the number it is owed, until an open shows which numbers were taken.
 */
export function receivePidfds(context: Context, thread: Thread, { args, name, isWhole }: Call): void {
  for (const [, data = ''] of args.matchAll(PIDFD)) {
    const told = fdOf(data.replace(/^\[/, ''));
    // The kernel could not make one, and tells the error in its place.
    if (told.fd < 0) continue;
    const options = (decoration?: ByteString): OpenOptions => ({
      kind: 'pidfd', target: decoration ?? '', cloexec: true, call: name, siteWords: 'SCM_PIDFD', how: 'received', isLowest: isWhole, ...(decoration !== undefined && { decoration }),
    });
    if (told.fd >= 0) context.fds.open(thread, told.fd, options(told.decoration));
    else {
      const lowest = lowestFree(context.fds, thread, isWhole);
      if (lowest !== undefined) context.fds.open(thread, lowest, options());
      else {
        context.note('SCM_PIDFD');
        owe(context.fds, thread, options());
      }
    }
  }
}
