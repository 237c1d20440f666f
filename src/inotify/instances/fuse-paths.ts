/** Paths on FUSE, whose program may not answer and whose handles lead nowhere: searched by a child that is given up on. */
import type { Evidence } from '../../evidence/types.ts';
import { isSearchedSlowly } from '../filesystems.ts';
import { deviceOf } from './fdinfo.ts';
import type { Instance, Watch } from './model.ts';
import { mountsOf } from './mounts.ts';
import type { Resolving } from './resolve.ts';
import { dropEnded, SECOND_LOOK_MS } from './second-look.ts';

/** What libfuse calls a file that was removed, or replaced, while somebody holds it open (lib/fuse.c hide_node). */
const HIDDEN = /(?:^|\/)\.fuse_hidden[0-9a-f]+$/;
const GIVEN = 'libfuse gives such a name to what is removed, or replaced, while somebody holds it open';

/** What a search of all of its file system met nowhere, twice, has no name. */
export async function resolveOnFuse(evidence: Evidence, own: readonly Instance[], resolving: Resolving, signal: AbortSignal): Promise<void> {
  const open = (): Watch[] => own.flatMap(({ watches = [] }) => watches.filter(({ path, fsType }) => path === undefined && fsType !== undefined && isSearchedSlowly(fsType)));
  if (open().length === 0) return;
  const whole = await searchAll(open(), resolving);
  await dropEnded(evidence, own);
  if (signal.aborted || !open().some((watch) => whole.has(deviceText(watch)))) return;
  await evidence.sleep(SECOND_LOOK_MS);
  await dropEnded(evidence, own);
  const again = await searchAll(open(), resolving);
  await dropEnded(evidence, own);
  for (const watch of open()) if (whole.has(deviceText(watch)) && again.has(deviceText(watch))) watch.state = 'nameless';
}

/** @returns devices all of which was searched */
async function searchAll(watches: readonly Watch[], { questions, pid, mounts }: Resolving): Promise<Set<string>> {
  const whole = new Set<string>();
  const byDevice = new Map<string, Watch[]>();
  for (const watch of watches) byDevice.set(deviceText(watch), [...(byDevice.get(deviceText(watch)) ?? []), watch]);
  for (const [device, group] of byDevice) {
    const [mount] = mountsOf(group[0]!, mounts);
    const search = mount && (await questions.searchMount(pid, mount.mountPoint, [...new Set(group.map(({ ino }) => ino))])).value;
    if (!search) continue;
    const paths = new Map(search.found.map((one) => [`${deviceText(deviceOf(one.dev))} ${one.ino}`, one]));
    const prefix = mount.mountPoint === '/' ? '/' : `${mount.mountPoint}/`;
    for (const watch of group) {
      const found = paths.get(`${device} ${watch.ino}`);
      if (found && HIDDEN.test(found.path)) Object.assign(watch, { path: prefix + found.path, by: 'walk', state: 'nameless', note: GIVEN } satisfies Partial<Watch>);
      else if (found) Object.assign(watch, { path: found.path === '' ? mount.mountPoint : prefix + found.path, by: 'walk', state: 'ok', what: found.directory ? 'directory' : 'file' } satisfies Partial<Watch>);
    }
    if (search.whole && mount.root === '/') whole.add(device);
  }
  return whole;
}

function deviceText({ major, minor }: Pick<Watch, 'major' | 'minor'>): string {
  return `${major}:${minor}`;
}
