/** From inode numbers to paths: by handle where that is permitted, through the layers of an overlay, else by a bounded walk. */
import type { Answer, ByteString, Errno, FileHandle, HandlePath, InotifyQuestions } from '../../evidence/types.ts';
import type { Mount } from '../../kernel/proc/mountinfo.ts';
import { isLocal } from '../filesystems.ts';
import { deviceOf } from './fdinfo.ts';
import type { Watch } from './model.ts';
import { layerHandle, layersOf, pathInOverlay } from './overlay.ts';

const DELETED = ' (deleted)';
/** Mounts of one file system that are tried: a container has dozens of bind mounts of one disk. */
const MOST_MOUNTS = 8;
const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;
/** Ourselves, to whoever sees files as some process does. */
const OURSELVES = 0;

export interface Resolving {
  questions: InotifyQuestions;
  pid: number;
  /** Of the process. */
  mounts: readonly Mount[];
  /** Our own: layers of overlays are named as the mounter sees them. */
  ourMounts: readonly Mount[];
}

export interface Resolved {
  /** Watches by handle that were asked for, and those with an answer. */
  asked: number;
  found: number;
  /** Why handles could not be used at all: EPERM without CAP_DAC_READ_SEARCH, ENOTSUP without native calls. */
  errno?: Errno;
}

/** Sets path, state and the rest of every watch that a handle leads to. */
export function resolveByHandle(watches: readonly Watch[], resolving: Resolving): Resolved {
  const result: Resolved = { asked: 0, found: 0 };
  for (const group of byDevice(watches)) {
    const mounts = mountsOf(group[0]!, resolving.mounts);
    for (const watch of group) if (mounts[0]) watch.fsType = mounts[0].fsType;
    if (!mounts[0] || !isLocal(mounts[0].fsType) || result.errno !== undefined) continue;
    const withHandle = group.filter(({ handle }) => handle !== undefined);
    result.asked += withHandle.length;
    if (mounts[0].fsType === 'overlay') resolveInLayers(withHandle, mounts[0], resolving, result);
    else resolveOnMounts(withHandle, mounts, resolving, result);
    result.found += withHandle.filter(({ path }) => path !== undefined).length;
  }
  return result;
}

function byDevice(watches: readonly Watch[]): Watch[][] {
  const groups = new Map<string, Watch[]>();
  for (const watch of watches) {
    const key = `${watch.major}:${watch.minor}`;
    const group = groups.get(key);
    if (group) group.push(watch);
    else groups.set(key, [watch]);
  }
  return [...groups.values()];
}

/** Mounts of the file system of a watch, those that show most of it first. */
export function mountsOf({ major, minor }: Pick<Watch, 'major' | 'minor'>, mounts: readonly Mount[]): Mount[] {
  const same = mounts.filter((mount) => mount.major === major && mount.minor === minor);
  return same.sort((a, b) => Number(b.root === '/') - Number(a.root === '/') || a.root.length - b.root.length).slice(0, MOST_MOUNTS);
}

function resolveOnMounts(watches: readonly Watch[], mounts: readonly Mount[], { questions, pid, mounts: all }: Resolving, result: Resolved): void {
  let left = watches;
  for (const mount of mounts) {
    if (left.length === 0) return;
    const answers = questions.pathsOfHandles(pid, mount.mountPoint, left.map(({ handle }) => handle!));
    const refusal = answers.find(({ errno }) => errno === 'EPERM' || errno === 'ENOTSUP' || errno === 'ENOSYS');
    if (refusal?.errno !== undefined) {
      result.errno = refusal.errno;
      return;
    }
    const hides = hiding(mount, all);
    left = left.filter((watch, index) => !take(watch, answers[index]!, questions, pid, mount, hides));
  }
}

/**
 * Does a path of this mount lead elsewhere because of what is mounted below it? Undefined for a bind mount of a part: the kernel may
 * name what that does not show, so that every path must be looked at.
 */
function hiding(mount: Mount, mounts: readonly Mount[]): ((path: ByteString) => boolean) | undefined {
  if (mount.root !== '/') return undefined;
  const prefix = mount.mountPoint === '/' ? '/' : `${mount.mountPoint}/`;
  const behind = mounts.slice(mounts.indexOf(mount) + 1).map(({ mountPoint }) => mountPoint);
  // Mounted later at the same point or above it: that hides all of it.
  if (behind.some((point) => point === mount.mountPoint || prefix.startsWith(point === '/' ? '/' : `${point}/`))) return undefined;
  const below = mounts.map(({ mountPoint }) => mountPoint).filter((point) => point !== mount.mountPoint && point.startsWith(prefix));
  return (path) => below.some((point) => path === point || path.startsWith(`${point}/`));
}

/** False when another mount may tell more. */
function take(
  watch: Watch,
  answer: Answer<HandlePath>,
  questions: InotifyQuestions,
  pid: number,
  mount: Mount,
  hides: ((path: ByteString) => boolean) | undefined,
): boolean {
  const found = answer.value;
  if (!found) return false;
  const isDirectory = (found.stat.mode & S_IFMT) === S_IFDIR;
  watch.what = isDirectory ? 'directory' : 'file';
  const isDeleted = found.path.endsWith(DELETED) && (found.stat.nlink === 0 || questions.lookInRoot(pid, found.path).errno !== undefined);
  const path = isDeleted ? found.path.slice(0, -DELETED.length) : found.path;
  // A name that the kernel has not cached shows as the root of the mount.
  if (!isDirectory && (path === mount.mountPoint || path === '/')) return false;
  if (!isDeleted && hides?.(path) === false) {
    setFound(watch, path);
    return true;
  }
  const there = questions.lookInRoot(pid, path);
  if (isDeleted) {
    setDeleted(watch, path, there.value !== undefined);
    return true;
  }
  if (there.value?.stat.ino === found.stat.ino && there.value.stat.dev === found.stat.dev) {
    setFound(watch, path);
    return true;
  }
  // Below a bind mount it is outside of what that mount shows: a later mount may show it.
  const isOnMount = mount.mountPoint === '/' || path.startsWith(`${mount.mountPoint}/`) || path === mount.mountPoint;
  if (!isOnMount || there.errno === 'EACCES') return false;
  Object.assign(watch, { path, by: 'handle', state: there.value ? 'covered' : 'unchecked' } satisfies Partial<Watch>);
  if (there.value) watch.note = 'something is mounted over it: the path leads to another file system or directory now';
  return there.value === undefined;
}

function setFound(watch: Watch, path: ByteString): void {
  watch.path = path;
  watch.by = 'handle';
  watch.state = 'ok';
}

function setDeleted(watch: Watch, path: ByteString, isThere: boolean): void {
  const noun = watch.what === 'directory' ? 'directory' : 'file';
  Object.assign(watch, {
    path,
    by: 'handle',
    state: isThere ? 'replaced' : 'deleted',
    note: isThere
      ? `another ${noun} took its name; the watched one lives on without a name, held open by somebody`
      : `its name is gone; the ${noun} lives on, held open by somebody`,
  } satisfies Partial<Watch>);
}

/** The real file lies in a layer, which is known by the name it has where the overlay was mounted. */
function resolveInLayers(watches: readonly Watch[], overlay: Mount, resolving: Resolving, result: Resolved): void {
  const { upper, lower } = layersOf(overlay);
  const layers = [...(upper === undefined ? [] : [upper]), ...lower];
  let left = watches.flatMap((watch) => {
    const inner = layerHandle(watch.handle!);
    return inner ? [{ watch, handle: inner.handle }] : [];
  });
  for (const mount of mountsHolding(layers, resolving.ourMounts)) {
    if (left.length === 0) return;
    const answers = resolving.questions.pathsOfHandles(OURSELVES, mount.mountPoint, left.map(({ handle }): FileHandle => handle));
    const refusal = answers.find(({ errno }) => errno === 'EPERM' || errno === 'ENOTSUP' || errno === 'ENOSYS');
    if (refusal?.errno !== undefined) {
      result.errno = refusal.errno;
      return;
    }
    left = left.filter(({ watch }, index) => !takeFromLayer(watch, answers[index]!.value, overlay, layers, resolving));
  }
}

/** Our mounts on which the layers lie, each once. */
function mountsHolding(layers: readonly ByteString[], mounts: readonly Mount[]): Mount[] {
  const holding = new Map<string, Mount>();
  for (const layer of layers) {
    const mount = mounts
      .filter(({ mountPoint, fsType }) => isLocal(fsType) && (mountPoint === '/' || layer === mountPoint || layer.startsWith(`${mountPoint}/`)))
      .sort((a, b) => b.mountPoint.length - a.mountPoint.length)[0];
    if (mount) holding.set(`${mount.major}:${mount.minor}`, mount);
  }
  return [...holding.values()].slice(0, MOST_MOUNTS);
}

function takeFromLayer(watch: Watch, found: HandlePath | undefined, overlay: Mount, layers: readonly ByteString[], { questions, pid }: Resolving): boolean {
  if (!found) return false;
  const isDeleted = found.path.endsWith(DELETED) && found.stat.nlink === 0;
  const path = pathInOverlay(overlay, layers, isDeleted ? found.path.slice(0, -DELETED.length) : found.path);
  if (path === undefined) return false;
  watch.what = (found.stat.mode & S_IFMT) === S_IFDIR ? 'directory' : 'file';
  const there = questions.lookInRoot(pid, path).value;
  if (isDeleted) setDeleted(watch, path, there !== undefined);
  else Object.assign(watch, { path, state: there && isSameFileSystem(there.stat.dev, overlay) ? 'ok' : 'unchecked' } satisfies Partial<Watch>);
  watch.by = 'overlay';
  return true;
}

function isSameFileSystem(dev: string, { major, minor }: Mount): boolean {
  const device = deviceOf(dev);
  return device.major === major && device.minor === minor;
}
