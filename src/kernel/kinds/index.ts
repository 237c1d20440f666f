/** The registry: a new kind is one file and one line here. The order is the order of asking; `file` takes every other path. */
import type { Fd } from '../types.ts';
import { bpfLink } from './bpf-link.ts';
import { bpfMap } from './bpf-map.ts';
import { bpfProg } from './bpf-prog.ts';
import { device } from './device.ts';
import { directory } from './directory.ts';
import { dmaBuf } from './dma-buf.ts';
import { epoll } from './epoll.ts';
import { eventfd } from './eventfd.ts';
import { fanotify } from './fanotify.ts';
import { file } from './file.ts';
import { inotify } from './inotify.ts';
import { ioUring } from './io-uring.ts';
import type { AttributeValue, DecodeInput, Kind } from './kind.ts';
import { kvm } from './kvm.ts';
import { memfd } from './memfd.ts';
import { mqueue } from './mqueue.ts';
import { namespace } from './namespace.ts';
import { other } from './other.ts';
import { pidfd } from './pidfd.ts';
import { pipe } from './pipe.ts';
import { fscontext, landlock, perfEvent, seccompNotify } from './plain.ts';
import { signalfd } from './signalfd.ts';
import { socket } from './socket.ts';
import { timerfd } from './timerfd.ts';
import { tty } from './tty.ts';
import { tun } from './tun.ts';
import { unreadable } from './unreadable.ts';
import { userfaultfd } from './userfaultfd.ts';

export const kinds: readonly Kind<never>[] = [
  unreadable, socket, pipe, eventfd, epoll, timerfd, signalfd, inotify, pidfd, ioUring, fanotify, userfaultfd, bpfMap, bpfProg, bpfLink,
  perfEvent, landlock, fscontext, seccompNotify, kvm, namespace, memfd, dmaBuf, directory, tty, tun, device, mqueue, file, other,
] as unknown as readonly Kind<never>[];

const byName = new Map(kinds.map((kind) => [kind.name, kind as unknown as Kind]));

/** The kind a descriptor was given; an unknown name is a bug. */
export function kindOf(fd: Fd): Kind {
  const kind = byName.get(fd.kind);
  if (!kind) throw new Error(`no kind is registered as ${fd.kind}`);
  return kind;
}

/** The first kind that takes it; the last takes everything. */
export function recognise(input: Pick<DecodeInput, 'link' | 'info' | 'stat'>): Kind {
  for (const kind of kinds) if (kind.matches(input.link, input.info, input.stat)) return kind as unknown as Kind;
  throw new Error('the last kind takes everything');
}

/** Does reading fdinfo of what has this link take a lock of the target? */
export function infoBlocks(link: string): boolean {
  return kinds.some((kind) => kind.infoBlocks === true && kind.matches(link));
}

/** Everything --where, --columns, --sort and JSON can name of one descriptor. */
export function attributesOf(fd: Fd): Record<string, AttributeValue> {
  return kindOf(fd).attributes(fd);
}

export { device, directory, epoll, eventfd, file, inotify, memfd, other, pidfd, pipe, signalfd, socket, timerfd };
export { isKind } from './kind.ts';
export type { AttributeValue, DecodeInput, Kind } from './kind.ts';
