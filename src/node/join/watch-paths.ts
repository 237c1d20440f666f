import type { Handle } from '../model.ts';
import type { RawUv } from '../probe/raw.ts';

/** Paths that are watched are known to libuv only. Both lists are in the order of creation: they match when they are of one length. */
export function namePaths(handles: readonly Handle[], uv: readonly RawUv[] | undefined): void {
  for (const [kind, type] of [['fs-watcher', 'fs_event'], ['stat-watcher', 'fs_poll']] as const) {
    const mine = handles.filter((handle) => handle.kind === kind);
    const theirs = (uv ?? []).filter((one) => one.type === type && one.filename !== undefined);
    const kept = theirs.length === mine.length ? theirs : theirs.filter(({ ref, active }) => ref && active);
    if (kept.length !== mine.length) continue;
    mine.forEach((handle, index) => {
      handle.path = kept[index]!.filename!;
    });
  }
}
