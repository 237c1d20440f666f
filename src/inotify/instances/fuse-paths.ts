/** Paths on FUSE, whose program may not answer and whose handles lead nowhere: searched by a child that is given up on. */
import { NOT_ASKED } from '../../evidence/path-guard.ts';
import type { Evidence, MountSearch } from '../../evidence/types.ts';
import type { Mount } from '../../kernel/proc/mountinfo.ts';
import { isSearchedSlowly } from '../filesystems.ts';
import { IN_READING } from '../mask.ts';
import { deviceOf } from './fdinfo.ts';
import type { Instance, Watch } from './model.ts';
import { mountsOf, showsAll } from './mounts.ts';
import type { Notes } from './notes.ts';
import type { Resolving } from './resolve.ts';
import { dropEnded, SECOND_LOOK_MS } from './second-look.ts';

/** What libfuse calls a file that was removed, or replaced, while somebody holds it open (lib/fuse.c hide_node). */
const HIDDEN = /(?:^|\/)\.fuse_hidden[0-9a-f]+$/;
const GIVEN = 'libfuse gives such a name to what is removed, or replaced, while somebody holds it open';
/** One that took longer is not done twice: each costs the program behind it, or a host behind that. */
const SHORT_SEARCH_MS = 1000;

/** What a search of all of its file system met nowhere, twice, has no name. `all`: of the whole target. */
export async function resolveOnFuse(evidence: Evidence, own: readonly Instance[], all: readonly Instance[], resolving: Resolving, signal: AbortSignal, notes: Notes): Promise<void> {
  const open = (): Watch[] => own.flatMap(({ watches = [] }) => watches.filter(({ path, fsType }) => path === undefined && fsType !== undefined && isSearchedSlowly(fsType)));
  if (open().length === 0) return;
  // It would read the search as activity. How many directories there are is not known before, and what such a program shows may lie
  // in directories that are watched, too: so wherever that is.
  if (all.some(({ watches }) => watches?.some(({ mask }) => (mask & IN_READING) !== 0) ?? true)) {
    notes.fuseAvoided = true;
    return;
  }
  const began = evidence.now();
  const whole = await searchAll(open(), resolving, signal);
  const ms = evidence.now() - began;
  await dropEnded(evidence, own);
  if (signal.aborted || ms > SHORT_SEARCH_MS || !open().some((watch) => whole.has(deviceText(watch)))) return;
  await evidence.sleep(SECOND_LOOK_MS);
  await dropEnded(evidence, own);
  const again = await searchAll(open(), resolving, signal);
  await dropEnded(evidence, own);
  for (const watch of open()) if (whole.has(deviceText(watch)) && again.has(deviceText(watch))) watch.state = 'nameless';
}

/** @returns devices all of which was searched */
async function searchAll(watches: readonly Watch[], { questions, pid, mounts }: Resolving, signal: AbortSignal): Promise<Set<string>> {
  const whole = new Set<string>();
  const byDevice = new Map<string, Watch[]>();
  for (const watch of watches) byDevice.set(deviceText(watch), [...(byDevice.get(deviceText(watch)) ?? []), watch]);
  for (const [device, group] of byDevice) {
    // One that shows all of it makes the others needless.
    const on = mountsOf(group[0]!, mounts).sort((a, b) => Number(showsAll(b, mounts)) - Number(showsAll(a, mounts)));
    for (const mount of on) {
      const left = group.filter(({ path }) => path === undefined);
      if (left.length === 0 || whole.has(device) || signal.aborted) break;
      const { value: search, errno } = await questions.searchMount(pid, mount.mountPoint, [...new Set(left.map(({ ino }) => ino))]);
      // Another way to it may be open; a program that does not answer does so nowhere.
      if (!search && errno === NOT_ASKED) continue;
      if (!search) break;
      take(search, left, mount, device);
      if (search.whole && search.dev !== undefined && deviceText(deviceOf(search.dev)) === device && showsAll(mount, mounts)) whole.add(device);
      if (!search.whole) break;
    }
  }
  return whole;
}

function take({ found }: MountSearch, watches: readonly Watch[], mount: Mount, device: string): void {
  const paths = new Map(found.map((one) => [`${deviceText(deviceOf(one.dev))} ${one.ino}`, one]));
  const prefix = mount.mountPoint === '/' ? '/' : `${mount.mountPoint}/`;
  for (const watch of watches) {
    const one = paths.get(`${device} ${watch.ino}`);
    if (one && HIDDEN.test(one.path)) Object.assign(watch, { path: prefix + one.path, by: 'walk', state: 'nameless', note: GIVEN } satisfies Partial<Watch>);
    else if (one) Object.assign(watch, { path: one.path === '' ? mount.mountPoint : prefix + one.path, by: 'walk', state: 'ok', what: one.directory ? 'directory' : 'file' } satisfies Partial<Watch>);
  }
}

function deviceText({ major, minor }: Pick<Watch, 'major' | 'minor'>): string {
  return `${major}:${minor}`;
}
