/** Descriptors that no handle of a loop stands for: files that were opened and not closed, or what native code holds. */
import { kindOf } from '../../kernel/kinds/index.ts';
import { decodeText } from '../../kernel/text.ts';
import type { Fd } from '../../kernel/types.ts';
import type { MapFrame } from '../maps/index.ts';
import type { Handle, OrphanFd } from '../model.ts';
import type { RawHandle } from '../probe/raw.ts';
import type { ThreadList } from '../read/index.ts';
import { placeText, siteFrame } from './sites.ts';

/** What every runtime has for itself: the loop's own epoll, wake-up descriptors and signal pipes, and io_uring rings. */
const OWN_KINDS = new Set(['epoll', 'eventfd', 'io_uring', 'io-uring', 'inotify', 'signalfd', 'timerfd', 'pidfd']);
const OPENED = new Set(['file', 'directory', 'device', 'memfd']);

export function orphansOf(pid: number, threads: readonly ThreadList[], handles: readonly Handle[], fds: readonly Fd[], opened: readonly RawHandle[], written: MapFrame): OrphanFd[] {
  const held = new Set<number>([0, 1, 2]);
  for (const { fd } of handles) if (fd !== undefined) held.add(fd);
  for (const { uv } of threads) for (const { fd } of uv ?? []) if (fd !== undefined) held.add(fd);
  // Without the list of libuv, sockets and pipes may belong to handles that are not shown.
  const complete = threads.every(({ uv }) => uv !== undefined);
  const orphans: OrphanFd[] = [];
  const openers = new Map(opened.flatMap((raw) => (raw.c === 'OpenFile' ? [[raw.fd, raw] as const] : [])));
  const directories = opened.filter(({ c }) => c === 'OpenDir');
  const ends = new Map<string, number>();
  for (const { link } of fds) ends.set(link, (ends.get(link) ?? 0) + 1);
  for (const fd of fds) {
    if (held.has(fd.fd) || OWN_KINDS.has(fd.kind)) continue;
    // Both ends in one process: what libuv wakes itself up with.
    if (fd.kind === 'pipe' && (ends.get(fd.link) ?? 0) > 1) continue;
    const known = OPENED.has(fd.kind);
    if (!known && !complete) continue;
    const target = decodeText(kindOf(fd).describe(fd)).text;
    // Of the runtime itself: what it maps and reads at its start.
    if (/^\/dev\/(?:null|urandom|random|zero)$|^\/proc\/|^\/sys\//.test(decodeText(fd.link).text)) continue;
    const made = fd.link.startsWith('/') ? (openers.get(fd.fd) ?? (fd.kind === 'directory' ? takeByPath(directories, decodeText(fd.link).text) : undefined)) : undefined;
    const frame = made?.stack && siteFrame(made.stack);
    orphans.push({ pid, fd: fd.fd, kind: fd.kind, target, likely: known, ...(frame && { site: placeText(written(frame)) }), ...(made?.age !== undefined && { ageMs: Math.round(made.age) }) });
  }
  return orphans;
}

/** Node does not tell the number behind a Dir: of two at one path either may be either. */
function takeByPath(directories: RawHandle[], path: string): RawHandle | undefined {
  const at = directories.findIndex((raw) => raw.path === path);
  return at < 0 ? undefined : directories.splice(at, 1)[0];
}
