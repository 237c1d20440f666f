/** What seems dead or lost is looked at once more. */
import type { Evidence } from '../../evidence/types.ts';
import { parseFdInfo } from '../../kernel/proc/fdinfo.ts';
import { parseWatches, type RawWatch } from './fdinfo.ts';
import type { Instance, Watch } from './model.ts';
import { isDead } from './names.ts';
import { resolveByHandle, type Resolving } from './resolve.ts';

/** All that is to be known of it has its place from the start: there may be 190,000, and an object that grows is slow. */
export function unresolved({ wd, ino, major, minor, mask, ignoredMask, handle }: RawWatch, pid: number, fd: number): Watch {
  return { wd, ino, major, minor, mask, ignoredMask, handle, pid, fd, state: 'unresolved', path: undefined, by: undefined, what: undefined, fsType: undefined, note: undefined, told: undefined };
}

/** Reading fdinfo holds up the target, 3.5 us a watch. */
const MOST_READ_TWICE = 10_000;

/** A watch that was not met may have ended since it was listed: then the list lacks it now. */
export async function dropEnded(evidence: Evidence, instances: readonly Instance[]): Promise<void> {
  const open = instances.filter(({ watches = [] }) => watches.length <= MOST_READ_TWICE && watches.some(({ path }) => path === undefined));
  if (open.length === 0) return;
  const answers = await evidence.readSlow(open.map(({ process, fd }) => `/proc/${process.pid}/fdinfo/${fd}`));
  for (const [index, instance] of open.entries()) {
    const info = parseFdInfo(answers[index]?.value ?? '');
    if (!info) continue;
    const listed = new Set(parseWatches(info.rest).map(({ wd }) => wd));
    instance.watches = instance.watches!.filter(({ path, wd }) => path !== undefined || listed.has(wd));
  }
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
