/** A supervisor of seccomp puts descriptors into the process it looks after (SECCOMP_IOCTL_NOTIF_ADDFD, seccomp_unotify(2)). */
import type { ByteString } from '../../evidence/types.ts';
import { fdOf, hasFlag, member } from '../parse/args.ts';
import type { Thread } from '../tables/types.ts';
import type { Call, Context } from './call.ts';
import { O_CLOEXEC } from './open.ts';

/** Notifications that were not answered yet: only so many. */
const MOST = 256;

export class Notifications {
  /** The thread that waits, by the id of its notification. */
  private readonly waiting = new Map<ByteString, number>();

  /** What an ioctl of the supervisor did; false: it was another one. */
  take(context: Context, thread: Thread, { args, value }: Call): boolean {
    if (!args.includes('SECCOMP_IOCTL_NOTIF_')) return false;
    const id = member(args, 'id') ?? '';
    if (args.includes('SECCOMP_IOCTL_NOTIF_RECV')) {
      if (this.waiting.size >= MOST) this.waiting.clear();
      this.waiting.set(id, Number.parseInt(member(args, 'pid') ?? '', 10));
    } else if (args.includes('SECCOMP_IOCTL_NOTIF_ADDFD')) this.add(context, thread, args, value, id);
    return true;
  }

  private add(context: Context, thread: Thread, args: ByteString, fd: number, id: ByteString): void {
    const target = context.model.threads.get(this.waiting.get(id) ?? -1);
    const source = fdOf(member(args, 'srcfd') ?? '');
    const from = context.slot(thread, source.fd, source.decoration);
    if (!target || !from) return;
    const known = target.table.slots.get(fd);
    if (known) context.fds.close(target, known, 'ioctl');
    const { description } = from;
    description.isKept = true;
    context.fds.open(target, fd, {
      kind: description.kind, target: description.target, description, cloexec: hasFlag(member(args, 'newfd_flags') ?? '', 'O_CLOEXEC', O_CLOEXEC), call: 'ioctl',
      siteWords: 'SECCOMP_IOCTL_NOTIF_ADDFD', how: 'received', isLowest: false,
    });
  }
}
