/** Which mounts show what a watch is on, and which hide it. */
import type { ByteString } from '../../evidence/types.ts';
import type { Mount } from '../../kernel/proc/mountinfo.ts';
import type { Watch } from './model.ts';

/** What is said of a watch that is covered. */
export const HIDDEN = 'something is mounted over it: the path leads to another file system or directory now';

/** Mounts of one file system that are tried: a container has dozens of bind mounts of one disk. */
export const MOST_MOUNTS = 8;

/** Mounts of the file system of a watch, those that show most of it first. */
export function mountsOf({ major, minor }: Pick<Watch, 'major' | 'minor'>, mounts: readonly Mount[]): Mount[] {
  const same = mounts.filter((mount) => mount.major === major && mount.minor === minor);
  return same.sort((a, b) => Number(b.root === '/') - Number(a.root === '/') || a.root.length - b.root.length).slice(0, MOST_MOUNTS);
}

/**
 * Does a path of this mount lead elsewhere because of what is mounted below it? Undefined for a bind mount of a part: the kernel may
 * name what that does not show, so that every path must be looked at.
 */
export function hiding(mount: Mount, mounts: readonly Mount[]): ((path: ByteString) => boolean) | undefined {
  if (mount.root !== '/') return undefined;
  const prefix = mount.mountPoint === '/' ? '/' : `${mount.mountPoint}/`;
  const behind = mounts.slice(mounts.indexOf(mount) + 1).map(({ mountPoint }) => mountPoint);
  // Mounted later at the same point or above it: that hides all of it.
  if (behind.some((point) => point === mount.mountPoint || prefix.startsWith(point === '/' ? '/' : `${point}/`))) return undefined;
  const below = new Set(mounts.map(({ mountPoint }) => `${mountPoint}/`).filter((point) => point.length > prefix.length && point.startsWith(prefix)));
  // Asked of thousands of paths: most differ from every mount point in the name behind this one's.
  const first = new Set([...below].map((point) => nameAt(point, prefix.length)));
  return (path) => {
    if (!first.has(nameAt(path, prefix.length))) return false;
    const inside = `${path}/`;
    return [...below].some((point) => inside.startsWith(point));
  };
}

/**
 * Does a walk of this mount meet all that is on its file system? Not where it shows a part, or where anything is mounted on it, below it,
 * or later above it.
 */
export function showsAll(mount: Mount, mounts: readonly Mount[]): boolean {
  if (mount.root !== '/') return false;
  const own = mounts.indexOf(mount);
  return mounts.every(({ mountPoint }, at) => at === own || !(isBelow(mountPoint, mount.mountPoint) || (at > own && isBelow(mount.mountPoint, mountPoint))));
}

function isBelow(path: ByteString, directory: ByteString): boolean {
  return path === directory || path.startsWith(directory === '/' ? '/' : `${directory}/`);
}

function nameAt(path: ByteString, from: number): ByteString {
  const end = path.indexOf('/', from);
  return path.slice(from, end < 0 ? undefined : end);
}
