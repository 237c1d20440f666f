/**
 * Counts what is below a directory, through find(1): a child can be killed where a file system is dead, and holds nothing in memory.
 * It prints one letter per thing, which is counted as it comes.
 */
import { errnoOfMessage } from './errno.ts';
import type { Children, ChildRun } from './reader-child.ts';
import { type Reply, silence } from './reader-parts.ts';
import type { TreeCount, TreeCountOptions, TreeToCount } from './types.ts';

/**
 * File systems on which a directory of two links has no directories in it (its own name and `.`): it need not be opened, which takes
 * three quarters of the time away. Others say 1 or 2 of any directory (btrfs, overlay, many FUSE ones).
 */
const COUNTING_LINKS = ['ext2', 'ext3', 'ext4', 'xfs', 'tmpfs'];
const LETTERS = { d: 'directories', l: 'links' } as const;

/** `value` also when not all could be counted; errno when the directory itself cannot be had. */
export async function countTree(children: Children, program: string | undefined, tree: TreeToCount, options: TreeCountOptions): Promise<Reply<TreeCount>> {
  if (program === undefined) return { errno: 'ENOREADER' };
  // `/.` at the end: a link there is followed, a file is refused, and a name to be skipped is not skipped here.
  const root = `${tree.path}/.`;
  const count: TreeCount = { directories: 0, files: 0, links: 0, unreadable: 0 };
  const until = performance.now() + options.timeoutMs;
  const told = (): void => options.progress?.(count.directories + count.files + count.links);
  const find = (expression: readonly string[], note: (chunk: Buffer) => void): Promise<ChildRun> =>
    children.run(program, ['-H', root, ...expression], { LC_ALL: 'C' }, until, (chunk) => {
      note(chunk);
      told();
    });
  let run = await find(gnuExpression(tree), (chunk) => {
    countLetters(chunk, count);
  });
  if (run.ended === 'done' && /-printf|unrecognized|unknown predicate/.test(run.errors)) {
    run = await find([...pruned(tree), '-type', 'd', '-print0'], (chunk) => {
      count.directories += zeros(chunk);
    });
    if (tree.files && run.ended === 'done') {
      run = await find([...pruned(tree), '!', '-type', 'd', '-print0'], (chunk) => {
        count.files += zeros(chunk);
      });
    }
  }
  if (run.ended === 'failed') return { errno: 'ENOREADER' };
  // The path in front may hold anything, colons and quotes as well.
  const errors = run.errors.split('\n').filter((line) => /^\S*find: /.test(line));
  const [first] = errors;
  if (first !== undefined && count.directories === 0) return { errno: errnoOfMessage(first.slice(first.lastIndexOf(': ') + 2)) };
  count.unreadable = errors.length;
  return { value: run.ended === 'done' ? count : { ...count, cut: silence(children) } };
}

function gnuExpression(tree: TreeToCount): string[] {
  if (tree.files) return [...pruned(tree), '-printf', '%y'];
  const known = COUNTING_LINKS.flatMap((name, index) => [...(index > 0 ? ['-o'] : []), '-fstype', name]);
  return [...pruned(tree), '-type', 'd', '-printf', 'd', '(', ...known, ')', '-links', '2', '-prune'];
}

function pruned({ skip }: TreeToCount): string[] {
  if (skip.length === 0) return [];
  return ['-type', 'd', '(', ...skip.flatMap((name, index) => [...(index > 0 ? ['-o'] : []), '-name', name]), ')', '-prune', '-o'];
}

function countLetters(chunk: Buffer, count: TreeCount): void {
  for (const byte of chunk) {
    const letter = String.fromCharCode(byte);
    count[letter === 'd' || letter === 'l' ? LETTERS[letter] : 'files']++;
  }
}

function zeros(chunk: Buffer): number {
  let found = 0;
  for (const byte of chunk) if (byte === 0) found++;
  return found;
}
