/** From inode numbers to paths: by handle where that is permitted, through the layers of an overlay, else by a bounded walk. */
import { isLocal } from '../../evidence/local-filesystems.ts';
import type { Answer, ByteString, Errno, FileHandle, HandlePath, InotifyQuestions } from '../../evidence/types.ts';
import type { Mount } from '../../kernel/proc/mountinfo.ts';
import { isWalkable } from '../filesystems.ts';
import { nameBeside, whatIsAt } from './identity.ts';
import type { Watch } from './model.ts';
import { HIDDEN, hiding, MOST_MOUNTS, mountsOf } from './mounts.ts';
import { findLayer, layerHandle, layersOf, pathInOverlay } from './overlay.ts';

const DELETED = ' (deleted)';
/** Ourselves, to whoever sees files as some process does. */
const OURSELVES = 0;

export interface Resolving {
  questions: InotifyQuestions;
  pid: number;
  /** Of the process. */
  mounts: readonly Mount[];
  /** Our own: layers of overlays are named as the mounter sees them. */
  ourMounts: readonly Mount[];
  /** Layers of overlays, with those that were found out. */
  layers: Map<Mount, ByteString[]>;
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
  const { path, directory } = found;
  watch.what = directory ? 'directory' : 'file';
  // A name that the kernel has not cached shows as the root of the mount.
  if (!directory && (path === mount.mountPoint || path === '/')) return false;
  if (path.endsWith(DELETED)) return takeDeleted(watch, path, found.unlinked === true, questions, pid);
  if (hides?.(path) === false) {
    setFound(watch, path);
    return true;
  }
  const there = whatIsAt(path, watch, questions, pid);
  if (there === 'same') {
    setFound(watch, path);
    return true;
  }
  // Below a bind mount it is outside of what that mount shows: a later mount may show it.
  const isOnMount = mount.mountPoint === '/' || path.startsWith(`${mount.mountPoint}/`) || path === mount.mountPoint;
  if (!isOnMount || there === 'hidden') return false;
  Object.assign(watch, { path, by: 'handle', state: there === 'nothing' ? 'unchecked' : 'covered' } satisfies Partial<Watch>);
  if (there !== 'nothing') watch.note = HIDDEN;
  return there === 'nothing';
}

/** The kernel says so of the name it knows, which may be one of several; and of a file that is really called so it says nothing. */
function takeDeleted(watch: Watch, printed: ByteString, unlinked: boolean, questions: InotifyQuestions, pid: number): boolean {
  const path = printed.slice(0, -DELETED.length);
  if (unlinked) {
    setDeleted(watch, path, questions.lookInRoot(pid, path).value !== undefined);
    return true;
  }
  if (whatIsAt(printed, watch, questions, pid) === 'same') {
    setFound(watch, printed);
    return true;
  }
  const other = nameBeside(path, watch, questions, pid);
  if (other === undefined) {
    watch.note = `its name ${path} is gone, and it has another one that is not known`;
    return false;
  }
  setFound(watch, other);
  return true;
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
  const named = [...(upper === undefined ? [] : [upper]), ...lower];
  // Relative ones are named from where the mounter was, and Docker names lower ones by links: these are found out.
  const layers = resolving.layers.get(overlay) ?? named.filter((layer) => layer.startsWith('/'));
  resolving.layers.set(overlay, layers);
  const isUnknown = named.some((layer) => !layer.startsWith('/'));
  let left = watches.flatMap((watch) => {
    const inner = layerHandle(watch.handle!);
    return inner ? [{ watch, handle: inner.handle }] : [];
  });
  for (const mount of mountsHolding(layers, resolving.ourMounts, isUnknown)) {
    if (left.length === 0) return;
    const answers = resolving.questions.pathsOfHandles(OURSELVES, mount.mountPoint, left.map(({ handle }): FileHandle => handle));
    const refusal = answers.find(({ errno }) => errno === 'EPERM' || errno === 'ENOTSUP' || errno === 'ENOSYS');
    if (refusal?.errno !== undefined) {
      result.errno = refusal.errno;
      return;
    }
    let open = left.map(({ watch }, index) => ({ watch, found: answers[index]!.value }));
    // A layer that was found out serves those before it, too.
    for (let known = -1; known < layers.length; ) {
      known = layers.length;
      open = open.filter(({ watch, found }) => !takeFromLayer(watch, found, overlay, layers, resolving));
    }
    left = left.filter(({ watch }) => watch.path === undefined);
  }
}

/** Our mounts on which the layers lie, each once. */
function mountsHolding(layers: readonly ByteString[], mounts: readonly Mount[], isUnknown: boolean): Mount[] {
  const holding = new Map<string, Mount>();
  for (const layer of layers) {
    const mount = mounts
      .filter(({ mountPoint, fsType }) => isLocal(fsType) && (mountPoint === '/' || layer === mountPoint || layer.startsWith(`${mountPoint}/`)))
      .sort((a, b) => b.mountPoint.length - a.mountPoint.length)[0];
    if (mount) holding.set(`${mount.major}:${mount.minor}`, mount);
  }
  const others = isUnknown ? mounts.filter(({ fsType, root }) => isWalkable(fsType) && fsType !== 'overlay' && root === '/') : [];
  for (const mount of others) if (!holding.has(`${mount.major}:${mount.minor}`)) holding.set(`${mount.major}:${mount.minor}`, mount);
  return [...holding.values()].slice(0, MOST_MOUNTS);
}

/** The handle of a file of a lower layer leads to that layer for ever, whatever became of the file in the overlay. */
function takeFromLayer(watch: Watch, found: HandlePath | undefined, overlay: Mount, layers: ByteString[], { questions, pid }: Resolving): boolean {
  if (!found) return false;
  const isDeleted = found.path.endsWith(DELETED) && found.unlinked === true;
  const inLayer = isDeleted ? found.path.slice(0, -DELETED.length) : found.path;
  const path = pathInOverlay(overlay, layers, inLayer) ?? findLayer(overlay, layers, inLayer, (one) => whatIsAt(one, watch, questions, pid) === 'same');
  if (path === undefined) return false;
  watch.what = found.directory ? 'directory' : 'file';
  watch.path = path;
  const there = whatIsAt(path, watch, questions, pid);
  const moved = there === 'same' || there === 'unknown' || there === 'hidden' || isDeleted ? undefined : nameBeside(path, watch, questions, pid);
  if (there === 'same') watch.state = 'ok';
  else if (there === 'unknown' || there === 'hidden') watch.state = 'unchecked';
  else if (moved !== undefined) setFound(watch, moved);
  else if (isDeleted) setDeleted(watch, path, there === 'other');
  else {
    watch.state = there === 'other' ? 'replaced' : 'deleted';
    watch.note = there === 'other' ? 'something else has its path now: it was replaced, or moved to another directory' : 'nothing is at its path now: it was deleted, or moved to another directory';
  }
  watch.by = 'overlay';
  return true;
}
