/** Looks for inodes by walking directories of the process, within bounds: for those who may not use handles. */
import type { ByteString, Evidence, FileHandle, FileStat, InotifyQuestions } from '../../evidence/types.ts';
import type { Mount } from '../../kernel/proc/mountinfo.ts';
import { isWalkable } from '../filesystems.ts';
import { IN_READING } from '../mask.ts';
import { isWatched } from './identity.ts';
import type { Watch } from './model.ts';
import { mountsOf } from './mounts.ts';
import { mountOf } from './route.ts';

export interface Bounds {
  /** Entries looked at. */
  entries: number;
  ms: number;
  signal: AbortSignal;
  /** Directories that may be listed although the target is told of it, up to eight events each. */
  told: number;
}

export interface Walked {
  found: number;
  entries: number;
  /** Directories that were not listed: the target is told of that. */
  avoided: number;
  /** Directories that were, and of which it was told. */
  told: number;
  /** The bounds ended it. */
  cut: boolean;
  /** No directory could be listed at all. */
  errno?: string;
}

/** Directories looked at between two chances for a signal to be handled. */
const CHUNK = 256;
/** What is below a watched directory is watched most likely: of so many directories one is from elsewhere. */
const TURNS = 4;
const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;

/**
 * Breadth first, from where a program most likely looks: its working directory and its own, then the mount points; below what is
 * found before the rest. Never into another file system, never through a symbolic link.
 */
export async function resolveByWalk(
  watches: readonly Watch[],
  { questions, pid, mounts }: { questions: InotifyQuestions; pid: number; mounts: readonly Mount[] },
  starts: readonly ByteString[],
  evidence: Pick<Evidence, 'now'>,
  bounds: Bounds,
): Promise<Walked> {
  const result: Walked = { found: 0, entries: 0, avoided: 0, told: 0, cut: false };
  const wanted = new Map<string, Watch[]>();
  const roots: ByteString[] = [];
  for (const watch of watches) {
    const on = mountsOf(watch, mounts).filter(({ fsType }) => isWalkable(fsType));
    if (on.length === 0) continue;
    wanted.set(watch.ino, [...(wanted.get(watch.ino) ?? []), watch]);
    for (const { mountPoint } of on) if (!roots.includes(mountPoint)) roots.push(mountPoint);
  }
  if (wanted.size === 0) return result;
  // An overlay numbers its things otherwise in listings, and its handles need no right to be asked for.
  const byHandle = new Map<string, Watch>();
  for (const watch of watches) if (watch.fsType === 'overlay' && watch.handle && !byHandle.has(keyOf(watch.handle))) byHandle.set(keyOf(watch.handle), watch);
  const mountPoints = new Set(mounts.map(({ mountPoint }) => mountPoint));
  const start = evidence.now();
  const far = [...new Set([...starts.filter((path) => path.startsWith('/') && isWalkable(mountOf(path, mounts)?.fsType ?? '')), ...roots])];
  const seen = new Set(far);
  const found = new Map<ByteString, Watch>();
  for (const root of far) {
    claim(root, undefined, wanted, questions, pid, result, found);
    if (byHandle.size > 0 && mountOf(root, mounts)?.fsType === 'overlay') claimByHandle(root, byHandle, wanted, questions, pid, result, found);
  }
  const near = far.filter((path) => found.has(path));
  let [nearAt, farAt] = [0, 0];
  for (let at = 0; nearAt + farAt < near.length + far.length && wanted.size > 0; at++) {
    if (result.entries > bounds.entries || evidence.now() - start > bounds.ms || bounds.signal.aborted) {
      result.cut = true;
      break;
    }
    if (at % CHUNK === CHUNK - 1) await new Promise((resolve) => setImmediate(resolve));
    const isNear = nearAt < near.length && (at % TURNS !== TURNS - 1 || farAt === far.length);
    const directory = isNear ? near[nearAt++]! : far[farAt++]!;
    // The target would read our search as activity where it watches for being read.
    if (isReading(found.get(directory)) || isReading(found.get(directory.slice(0, directory.lastIndexOf('/')) || '/'))) {
      if (result.told >= bounds.told) {
        result.avoided++;
        continue;
      }
      result.told++;
    }
    const listed = questions.listInRoot(pid, directory);
    if (!listed.value) {
      if (at === 0 && listed.errno !== undefined) result.errno = listed.errno;
      continue;
    }
    delete result.errno;
    result.entries += listed.value.length;
    const prefix = directory === '/' ? '/' : `${directory}/`;
    const isOverlay = byHandle.size > 0 && mountOf(directory, mounts)?.fsType === 'overlay';
    for (const { name, ino, type } of listed.value) {
      const path = prefix + name;
      if (isOverlay) claimByHandle(path, byHandle, wanted, questions, pid, result, found);
      else if (wanted.has(ino)) claim(path, ino, wanted, questions, pid, result, found);
      // What is mounted here has been a start of its own, or is another file system.
      if (type !== 'directory' || mountPoints.has(path) || seen.has(path)) continue;
      seen.add(path);
      (isNear || found.has(directory) || found.has(path) ? near : far).push(path);
    }
  }
  return result;
}

/** The number alone may be that of another file system: asked again by its path. */
function claim(path: ByteString, ino: string | undefined, wanted: Map<string, Watch[]>, questions: InotifyQuestions, pid: number, result: Walked, found: Map<ByteString, Watch>): void {
  const look = questions.lookInRoot(pid, path).value;
  if (look && (ino === undefined || look.stat.ino === ino)) take(path, look.stat, look.stat.ino, wanted, questions, pid, result, found);
}

/** @param key what fdinfo says of the inode */
function take(path: ByteString, stat: FileStat, key: string, wanted: Map<string, Watch[]>, questions: InotifyQuestions, pid: number, result: Walked, found: Map<ByteString, Watch>): void {
  const watches = wanted.get(key);
  if (!watches) return;
  const here = watches.filter((watch) => isWatched(watch, path, stat, questions, pid));
  for (const watch of here) {
    const what = (stat.mode & S_IFMT) === S_IFDIR ? 'directory' : 'file';
    Object.assign(watch, { path, by: 'walk', state: 'ok', what } satisfies Partial<Watch>);
    if (what === 'directory' && (!found.has(path) || isReading(watch))) found.set(path, watch);
  }
  result.found += here.length;
  const left = watches.filter((watch) => !here.includes(watch));
  if (left.length === 0) wanted.delete(key);
  else wanted.set(key, left);
}

/** For what is on an overlay. */
function claimByHandle(path: ByteString, byHandle: ReadonlyMap<string, Watch>, wanted: Map<string, Watch[]>, questions: InotifyQuestions, pid: number, result: Walked, found: Map<ByteString, Watch>): void {
  const handle = questions.handleInRoot(pid, path).value;
  const watch = handle && byHandle.get(keyOf(handle));
  const look = watch && questions.lookInRoot(pid, path).value;
  if (look) take(path, look.stat, watch.ino, wanted, questions, pid, result, found);
}

function keyOf({ type, bytes }: FileHandle): string {
  return `${type}:${bytes}`;
}

function isReading(watch: Watch | undefined): boolean {
  return watch !== undefined && (watch.mask & IN_READING) !== 0;
}
