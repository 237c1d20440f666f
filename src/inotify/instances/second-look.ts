/** Watches that seem dead are looked at once more, without fdinfo: that holds up the target. */
import type { Evidence } from '../../evidence/types.ts';
import type { RawWatch } from './fdinfo.ts';
import type { Instance, Watch } from './model.ts';
import { isDead } from './names.ts';
import { resolveByHandle, type Resolving } from './resolve.ts';

/** All that is to be known of it has its place from the start: there may be 190,000, and an object that grows is slow. */
export function unresolved({ wd, ino, major, minor, mask, ignoredMask, handle }: RawWatch, pid: number, fd: number): Watch {
  return { wd, ino, major, minor, mask, ignoredMask, handle, pid, fd, state: 'unresolved', path: undefined, by: undefined, what: undefined, fsType: undefined, note: undefined, told: undefined };
}

/** Whoever saves a file may hold the old one for a moment, and what is removed goes when it is closed. */
const SECOND_LOOK_MS = 500;

/** Watches that only seemed dead while something was under way are gone when looked at again. */
export async function lookAgain(watches: readonly Watch[], instances: readonly Instance[], evidence: Evidence, resolving: Resolving): Promise<void> {
  const dead = watches.filter((watch) => isDead(watch) && !watch.told && watch.handle !== undefined);
  if (dead.length === 0) return;
  await evidence.sleep(SECOND_LOOK_MS);
  const again = dead.map((watch) => unresolved(watch, watch.pid, watch.fd));
  resolveByHandle(again, resolving);
  const gone = new Set(dead.filter((_, index) => again[index]!.path === undefined));
  for (const instance of instances) if (instance.watches?.some((watch) => gone.has(watch))) instance.watches = instance.watches.filter((watch) => !gone.has(watch));
}
