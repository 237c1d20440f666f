/**
 * Counts what is below a directory, through find(1): a child can be killed where a file system is dead, and holds nothing in memory.
 * It prints one letter, or one line, per thing, which is counted as it comes.
 */
import { errnoOfMessage } from './errno.ts';
import type { Children, ChildRun } from './reader-child.ts';
import { type Reply, silence } from './reader-parts.ts';
import { type Find, pruned, rootOf } from './tree-find.ts';
import { openLinkReader } from './tree-links.ts';
import { countInodes } from './tree-walk.ts';
import type { TreeCount, TreeCountOptions, TreeToCount } from './types.ts';

/** Absent where the host has none. */
export interface TreePrograms {
  find: string | undefined;
  stat: string | undefined;
  realpath: string | undefined;
}

/**
 * File systems on which a directory of two links has no directories in it (its own name and `.`): it need not be opened, which takes
 * three quarters of the time away. Others say 1 or 2 of any directory (btrfs, overlay, many FUSE ones).
 */
const COUNTING_LINKS = ['ext2', 'ext3', 'ext4', 'xfs', 'tmpfs'];
/** What find itself says, not of a file: absolute paths begin otherwise. */
const UNSUPPORTED = /^[^\s']*find: (?:unrecognized|unknown predicate|invalid (?:predicate|argument)|bad arg)/;

/** `value` also when not all could be counted; errno when the directory itself cannot be had. */
export async function countTree(children: Children, programs: TreePrograms, tree: TreeToCount, options: TreeCountOptions): Promise<Reply<TreeCount>> {
  const { find: program, stat, realpath } = programs;
  if (program === undefined) return { errno: 'ENOREADER' };
  const count: TreeCount = { directories: 0, files: 0, links: 0, targets: 0, unreadable: 0, unsure: 0 };
  const until = performance.now() + options.timeoutMs;
  const find: Find = (roots, expression, note) =>
    children.run(program, ['-H', ...roots, ...expression], { LC_ALL: 'C' }, until, (chunk) => {
      note(chunk);
      options.progress?.(count.directories + count.files + count.links);
    });
  let run = tree.files || tree.links ? await countInodes(find, (isWanted, most) => openLinkReader(children, { realpath, stat }, until, isWanted, most), tree, count) : await countDirectories(find, tree, count);
  if (run.ended === 'done' && count.directories === 0 && UNSUPPORTED.test(run.errors)) run = await countSimply(find, tree, count);
  if (run.ended === 'failed') return { errno: 'ENOREADER' };
  // The path in front may hold anything, colons and quotes as well.
  const errors = run.errors.split('\n').filter((line) => /^\S*find: /.test(line));
  const [first] = errors;
  // One that was stopped in its first pass, which looks at links only, has met no directory yet.
  if (first !== undefined && run.ended === 'done' && count.directories === 0) return { errno: errnoOfMessage(first.slice(first.lastIndexOf(': ') + 2)) };
  count.unreadable = errors.length;
  return { value: run.ended === 'done' ? count : { ...count, cut: silence(children) } };
}

function countDirectories(find: Find, tree: TreeToCount, count: TreeCount): Promise<ChildRun> {
  const known = COUNTING_LINKS.flatMap((name, index) => [...(index > 0 ? ['-o'] : []), '-fstype', name]);
  const expression = [...pruned(tree), '-type', 'd', '-printf', 'd', '(', ...known, ')', '-links', '2', '-prune'];
  return find([rootOf(tree.path)], expression, (chunk) => {
    count.directories += chunk.length;
  });
}

/** By a find that knows no -printf (busybox): by name, and without knowing where links lead. */
async function countSimply(find: Find, tree: TreeToCount, count: TreeCount): Promise<ChildRun> {
  const each = (test: readonly string[], key: 'directories' | 'files' | 'links') =>
    find([rootOf(tree.path)], [...pruned(tree), ...test, '-print0'], (chunk) => {
      for (const byte of chunk) if (byte === 0) count[key]++;
    });
  let run = await each(['-type', 'd'], 'directories');
  if (tree.files && run.ended === 'done') run = await each(['!', '-type', 'd', '!', '-type', 'l'], 'files');
  if (tree.links && run.ended === 'done') run = await each(['-type', 'l'], 'links');
  count.unsure = count.links;
  return run;
}
