/** Descriptors that no handle of a loop stands for: files that were opened and not closed, or what native code holds. */
import { kindOf } from '../../kernel/kinds/index.ts';
import { decodeText } from '../../kernel/text.ts';
import type { Fd } from '../../kernel/types.ts';
import type { Handle, OrphanFd } from '../model.ts';
import type { ThreadList } from '../read/index.ts';

/** What every runtime has for itself: the loop's own epoll, wake-up descriptors and signal pipes, and io_uring rings. */
const OWN_KINDS = new Set(['epoll', 'eventfd', 'io_uring', 'io-uring', 'inotify', 'signalfd', 'timerfd', 'pidfd']);
const OPENED = new Set(['file', 'directory', 'device', 'memfd']);

export function orphansOf(pid: number, threads: readonly ThreadList[], handles: readonly Handle[], fds: readonly Fd[]): OrphanFd[] {
  const held = new Set<number>([0, 1, 2]);
  for (const { fd } of handles) if (fd !== undefined) held.add(fd);
  for (const { uv } of threads) for (const { fd } of uv ?? []) if (fd !== undefined) held.add(fd);
  // Without the list of libuv, sockets and pipes may belong to handles that are not shown.
  const complete = threads.every(({ uv }) => uv !== undefined);
  const orphans: OrphanFd[] = [];
  for (const fd of fds) {
    if (held.has(fd.fd) || OWN_KINDS.has(fd.kind)) continue;
    const opened = OPENED.has(fd.kind);
    if (!opened && !complete) continue;
    const target = decodeText(kindOf(fd).describe(fd)).text;
    // Of the runtime itself: what it maps and reads at its start.
    if (/^\/dev\/(?:null|urandom|random|zero)$|^\/proc\/|^\/sys\//.test(decodeText(fd.link).text)) continue;
    orphans.push({ pid, fd: fd.fd, kind: fd.kind, target, likely: opened });
  }
  return orphans;
}
