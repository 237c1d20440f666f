/** Looks for inodes by walking directories of the process, within bounds: for those who may not use handles. */
import type { ByteString, Evidence, InotifyQuestions } from '../../evidence/types.ts';
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
}

export interface Walked {
  found: number;
  entries: number;
  /** Directories that were not listed: the target is told of that. */
  avoided: number;
  /** The bounds ended it. */
  cut: boolean;
  /** No directory could be listed at all. */
  errno?: string;
}

/** Directories looked at between two chances for a signal to be handled. */
const CHUNK = 256;
const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;

/**
 * Breadth first, from where a program most likely looks: its working directory and its own, then the mount points. Never into
 * another file system, never through a symbolic link.
 */
export async function resolveByWalk(
  watches: readonly Watch[],
  { questions, pid, mounts }: { questions: InotifyQuestions; pid: number; mounts: readonly Mount[] },
  starts: readonly ByteString[],
  evidence: Pick<Evidence, 'now'>,
  bounds: Bounds,
): Promise<Walked> {
  const result: Walked = { found: 0, entries: 0, avoided: 0, cut: false };
  const wanted = new Map<string, Watch[]>();
  const roots: ByteString[] = [];
  for (const watch of watches) {
    const on = mountsOf(watch, mounts).filter(({ fsType }) => isWalkable(fsType));
    if (on.length === 0) continue;
    wanted.set(watch.ino, [...(wanted.get(watch.ino) ?? []), watch]);
    for (const { mountPoint } of on) if (!roots.includes(mountPoint)) roots.push(mountPoint);
  }
  if (wanted.size === 0) return result;
  const mountPoints = new Set(mounts.map(({ mountPoint }) => mountPoint));
  const start = evidence.now();
  const queue = [...new Set([...starts.filter((path) => path.startsWith('/') && isWalkable(mountOf(path, mounts)?.fsType ?? '')), ...roots])];
  const seen = new Set(queue);
  const told = new Set<ByteString>();
  for (const root of queue) claim(root, undefined, wanted, questions, pid, result, told);
  for (let at = 0; at < queue.length && wanted.size > 0; at++) {
    if (result.entries > bounds.entries || evidence.now() - start > bounds.ms || bounds.signal.aborted) {
      result.cut = true;
      break;
    }
    if (at % CHUNK === CHUNK - 1) await new Promise((resolve) => setImmediate(resolve));
    const directory = queue[at]!;
    // The target would read our search as activity where it watches for being read.
    if (told.has(directory) || told.has(directory.slice(0, directory.lastIndexOf('/')) || '/')) {
      result.avoided++;
      continue;
    }
    const listed = questions.listInRoot(pid, directory);
    if (!listed.value) {
      if (at === 0 && listed.errno !== undefined) result.errno = listed.errno;
      continue;
    }
    delete result.errno;
    result.entries += listed.value.length;
    const prefix = directory === '/' ? '/' : `${directory}/`;
    for (const { name, ino, type } of listed.value) {
      const path = prefix + name;
      if (wanted.has(ino)) claim(path, ino, wanted, questions, pid, result, told);
      // What is mounted here has been a start of its own, or is another file system.
      if (type !== 'directory' || mountPoints.has(path) || seen.has(path)) continue;
      seen.add(path);
      queue.push(path);
    }
  }
  return result;
}

/** The number alone may be that of another file system: asked again by its path. */
function claim(path: ByteString, ino: string | undefined, wanted: Map<string, Watch[]>, questions: InotifyQuestions, pid: number, result: Walked, told: Set<ByteString>): void {
  const look = questions.lookInRoot(pid, path).value;
  if (!look || (ino !== undefined && look.stat.ino !== ino)) return;
  const watches = wanted.get(look.stat.ino);
  if (!watches) return;
  const here = watches.filter((watch) => isWatched(watch, path, look.stat, questions, pid));
  for (const watch of here) {
    const what = (look.stat.mode & S_IFMT) === S_IFDIR ? 'directory' : 'file';
    Object.assign(watch, { path, by: 'walk', state: 'ok', what } satisfies Partial<Watch>);
    if (what === 'directory' && (watch.mask & IN_READING) !== 0) told.add(path);
  }
  result.found += here.length;
  const left = watches.filter((watch) => !here.includes(watch));
  if (left.length === 0) wanted.delete(look.stat.ino);
  else wanted.set(look.stat.ino, left);
}
