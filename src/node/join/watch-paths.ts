import type { Fd } from '../../kernel/types.ts';
import type { Handle } from '../model.ts';
import type { MapFrame } from '../maps/index.ts';
import type { RawHandle, RawUv } from '../probe/raw.ts';
import { placeText, siteFrame } from './sites.ts';

/** Paths that are watched are known to libuv only. Both lists are in the order of creation: they match when they are of one length. */
export function namePaths(handles: readonly Handle[], uv: readonly RawUv[] | undefined): void {
  for (const [kind, type] of [['fs-watcher', 'fs_event'], ['stat-watcher', 'fs_poll']] as const) {
    const mine = handles.filter((handle) => handle.kind === kind);
    const theirs = (uv ?? []).filter((one) => one.type === type && one.filename !== undefined);
    const kept = theirs.length === mine.length ? theirs : theirs.filter(({ ref, active }) => ref && active);
    // The lists are some ms apart, in which others may have been made: where all of them watch one path, these do.
    const only = new Set(theirs.map(({ filename }) => filename)).size === 1 ? theirs[0]!.filename! : undefined;
    if (kept.length !== mine.length && only === undefined) continue;
    mine.forEach((handle, index) => {
      handle.path = only ?? kept[index]!.filename!;
    });
  }
}

/** All fs.watch() of one loop share one inotify descriptor. Which of several belongs to which loop nobody tells. */
export function nameInotify(handles: readonly Handle[], fds: readonly Fd[]): void {
  const [only, second] = fds.filter(({ kind }) => kind === 'inotify');
  if (!only || second) return;
  for (const handle of handles) if (handle.kind === 'fs-watcher') handle.fd ??= only.fd;
}

/** Watches that no object of the application stands for, by what the preload knows of their paths. */
export function nameWatches(handles: readonly Handle[], extras: readonly RawHandle[], written: MapFrame): void {
  const waiting = extras.filter(({ c }) => c === 'Watch');
  for (const handle of handles) {
    if (handle.kind !== 'fs-watcher' || handle.site !== undefined || waiting.length === 0) continue;
    const at = waiting.findLastIndex(({ path }) => path === handle.path);
    const [made] = at < 0 ? [] : waiting.splice(at, 1);
    const frame = made?.stack && siteFrame(made.stack);
    if (frame) handle.site = placeText(written(frame));
    if (frame && made?.age !== undefined) handle.ageMs = Math.round(made.age);
  }
}
