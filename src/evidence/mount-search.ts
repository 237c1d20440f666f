/** Names of inodes on a file system that may not answer, through find(1): a child that can be given up on. */
import type { Children } from './reader-child.ts';
import { type Reply, silence } from './reader-parts.ts';
import type { FoundPath, MountSearch } from './types.ts';

/** The descriptor that the child has of the directory. */
const INHERITED = 3;
const LINE = /^(\d+) (\d+) (.) ([\s\S]*)$/;
/** Of what is met so many are kept. */
const MOST_FOUND = 100_000;
/** Each is asked of a program, or of another host behind it: as many as a walk of local disks looks at. */
const MOST_ENTRIES = 200_000;

/**
 * stat(2) of all below a directory, not into what is mounted there. Inode numbers in listings of FUSE need not be those of stat.
 * @param fd the directory, opened with O_PATH: that asks a file system for nothing
 * @param until performance.now() at which to give up; what was found by then is told
 */
export async function searchMount(children: Children, find: string | undefined, fd: number, wanted: ReadonlySet<string>, until: number): Promise<Reply<MountSearch>> {
  if (find === undefined) return { errno: 'ENOREADER' };
  const found: FoundPath[] = [];
  let rest = '';
  let seen = 0;
  let dev: string | undefined;
  const note = (chunk: Buffer): boolean => {
    const parts = (rest + chunk.toString('latin1')).split('\0');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const [, device = '', ino = '', type, path = ''] = LINE.exec(part) ?? [];
      if (seen++ === 0) dev = device;
      if (wanted.has(ino) && found.length < MOST_FOUND) found.push({ path, dev: device, ino, directory: type === 'd' });
    }
    return seen <= MOST_ENTRIES;
  };
  // Any number of links: only so find must ask for each.
  const args = [`/proc/self/fd/${INHERITED}/.`, '-xdev', '-links', '-4294967295', '-printf', '%D %i %y %P\\0'];
  const { ended, errors } = await children.run(find, args, { LC_ALL: 'C' }, until, note, fd);
  if (ended === 'failed') return { errno: 'ENOREADER' };
  if (ended !== 'done' && seen === 0) return { errno: silence(children) };
  return { value: { found, ...(dev !== undefined && { dev }), entries: seen, whole: ended === 'done' && errors === '' && seen > 0 } };
}
