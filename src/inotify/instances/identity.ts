/** Is what is at a path the very thing that is watched? And if not: where did that go? */
import type { ByteString, FileStat, InotifyQuestions } from '../../evidence/types.ts';
import { deviceOf } from './fdinfo.ts';
import type { Watch } from './model.ts';

/** `unknown`: something is there, and this kernel does not let us tell things of an overlay apart. `hidden`: not to be looked at. */
export type AtPath = 'same' | 'other' | 'nothing' | 'unknown' | 'hidden';

/** Entries of one directory that are compared one by one. */
const MOST_COMPARED = 512;

export function whatIsAt(path: ByteString, watch: Watch, questions: InotifyQuestions, pid: number): AtPath {
  const { value, errno } = questions.lookInRoot(pid, path);
  if (!value) return errno === 'ENOENT' || errno === 'ENOTDIR' || errno === 'ELOOP' ? 'nothing' : 'hidden';
  const same = isWatched(watch, path, value.stat, questions, pid);
  return same === undefined ? 'unknown' : same ? 'same' : 'other';
}

/**
 * By device and inode, as stat(2) and fdinfo agree on them; on an overlay, and among subvolumes of btrfs, they do not, and there
 * handles are compared. Undefined where that is not possible.
 */
export function isWatched(watch: Watch, path: ByteString, stat: FileStat, questions: InotifyQuestions, pid: number): boolean | undefined {
  const { fsType, handle } = watch;
  if (fsType !== 'overlay' && fsType !== 'btrfs') return isSameInode(watch, stat);
  // Subvolumes number their files alike, so that only a different number settles it.
  if (fsType === 'btrfs' && stat.ino !== watch.ino) return false;
  const { value } = questions.handleInRoot(pid, path);
  if (value && handle) return value.type === handle.type && value.bytes === handle.bytes;
  return fsType === 'btrfs' ? true : undefined;
}

function isSameInode({ ino, major, minor }: Watch, stat: FileStat): boolean {
  if (ino !== stat.ino) return false;
  const device = deviceOf(stat.dev);
  return device.major === major && device.minor === minor;
}

/** Another name of it in the same directory: a hard link, or the name it was moved to. */
export function nameBeside(path: ByteString, watch: Watch, questions: InotifyQuestions, pid: number): ByteString | undefined {
  const directory = path.slice(0, path.lastIndexOf('/')) || '/';
  const { value = [] } = questions.listInRoot(pid, directory);
  // On an overlay the number in a listing may be that of a layer.
  const likely = watch.fsType === 'overlay' ? value.slice(0, MOST_COMPARED) : value.filter(({ ino }) => ino === watch.ino);
  const prefix = directory === '/' ? '/' : `${directory}/`;
  return likely.map(({ name }) => prefix + name).find((one) => whatIsAt(one, watch, questions, pid) === 'same');
}
