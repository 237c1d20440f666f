/** Counts a tree by inode, with what links in it lead to: as a library has one watch of each inode, whatever leads there. */
import { type LinkCycles, linkCycles } from './link-cycles.ts';
import type { ChildRun } from './reader-child.ts';
import { type Find, isSkipped, pruned, rootOf } from './tree-find.ts';
import { InodeMap, MOST_INODES, roomForInodes } from './tree-inodes.ts';
import { argumentOf, type LinkReader, type Target } from './tree-links.ts';
import type { ByteString, TreeCount, TreeToCount } from './types.ts';

/** The tree, and directories outside that links lead to: each is compared with every link. */
const MOST_ROOTS = 200;

/** Opens a reader of links that keeps so many paths, of those that are wanted. */
export type OpenLinks = (isWanted: (path: ByteString) => boolean, most: number) => LinkReader;

/**
 * One pass over the tree. What links lead to is a thing of its own only where it lies outside, by its path without links. Where a
 * library follows links, directories outside are trees, too: walked in their turn, without those that were walked.
 */
export async function countInodes(find: Find, openLinks: OpenLinks, tree: TreeToCount, count: TreeCount): Promise<ChildRun> {
  Object.assign(count, { directories: 0, files: 0, links: 0, targets: 0, unsure: 0 } satisfies Partial<TreeCount>);
  const room = roomForInodes();
  const severalNames = new InodeMap<true>(room);
  const roots: Root[] = [];
  const isCovered = (path: ByteString): boolean => roots.some((root) => isIn(path, root.path, tree.skip));
  // What is in the tree is counted there; without files in the count, files there are targets as well.
  const links = openLinks((path) => !tree.files || !isCovered(path), MOST_INODES);
  const targets = new InodeMap<Target>(room);
  const cycles = linkCycles();
  const errors: string[] = [];
  const real = tree.links ? await links.realPath(tree.path) : undefined;
  let todo: Root[] = [{ argument: tree.path, path: real ?? tree.path }];
  for (;;) {
    const [root, ...rest] = todo as [Root, ...Root[]];
    const inside = roots.filter(({ path }) => isIn(path, root.path, []));
    roots.push(root);
    const run = await find([rootOf(root.argument)], [...withoutOthers(inside), ...pruned(tree), ...printed(tree)], eachThing({ severalNames, links, cycles }, count));
    errors.push(run.errors);
    const found = run.ended === 'done' && count.directories > 0 ? await links.targets() : [];
    todo = rest;
    for (const target of found) {
      const argument = target.directory && tree.follow ? argumentOf(target.path) : undefined;
      if (argument === undefined) {
        if (targets.add(target.id, target) === 'full') count.unsure++;
      } else if (roots.length + todo.length < MOST_ROOTS) todo.push({ argument, path: target.path });
      else count.unsure++;
    }
    // Parents first: then what is in them needs no walk of its own.
    todo = todo.filter(({ path }) => !isCovered(path)).sort((a, b) => a.path.length - b.path.length);
    if (todo.length > 0 && run.ended === 'done' && !links.stopped()) continue;
    const isCounted = ({ id, path, directory }: Target): boolean => (isCovered(path) && (directory || tree.files)) || (tree.files && severalNames.has(id));
    for (const target of targets.values()) if (!isCounted(target)) count.targets++;
    count.unsure += links.unsure();
    const loops = cycles.count();
    if (loops > 0) count.loops = loops;
    return { ...run, ...(links.stopped() && { ended: 'timeout' as const }), errors: errors.join('') };
  }
}

interface Root {
  argument: string;
  /** Without links. */
  path: ByteString;
}

/** Is it what a walk of that directory meets? */
function isIn(path: ByteString, directory: ByteString, skip: readonly string[]): boolean {
  if (path === directory || directory === '/') return skip.length === 0 || path === directory || !path.slice(1).split('/').some((name) => isSkipped(name, skip));
  if (!path.startsWith(`${directory}/`)) return false;
  return skip.length === 0 || !path.slice(directory.length + 1).split('/').some((name) => isSkipped(name, skip));
}

/** A root in another one is counted by itself. Roots are called `.`, which nothing else is. */
function withoutOthers(roots: readonly Root[]): string[] {
  if (roots.length === 0) return [];
  return ['!', '-name', '.', '(', ...roots.flatMap(({ argument }, index) => [...(index > 0 ? ['-o'] : []), '-samefile', rootOf(argument)]), ')', '-prune', '-o'];
}

/** One letter for what counts as it is; a link by its path, where it is followed behind what it says; a file of several names by its inode, to be known again. */
function printed({ files, links, follow }: TreeToCount): string[] {
  return [
    ...['-type', 'd', '-printf', 'd'],
    ...(follow ? ['-o', '-type', 'l', '-printf', 'o%l\\0l%p\\0'] : links ? ['-o', '-type', 'l', '-printf', 'l%p\\0'] : ['-o', '-type', 'l']),
    ...(files ? ['-o', '-links', '1', '-printf', 'f', '-o', '-printf', 'h%D:%i\\0'] : []),
  ];
}

const [DIRECTORY, FILE, LINK, SAYS] = ['d', 'f', 'l', 'o'].map((letter) => letter.charCodeAt(0)) as [number, number, number, number];

function eachThing({ severalNames, links, cycles }: { severalNames: InodeMap<true>; links: LinkReader; cycles: LinkCycles }, count: TreeCount): (chunk: Buffer) => void {
  let rest: Buffer | undefined;
  let says: ByteString | undefined;
  return (chunk) => {
    const bytes = rest ? Buffer.concat([rest, chunk]) : chunk;
    rest = undefined;
    for (let at = 0; at < bytes.length; at++) {
      const letter = bytes[at];
      if (letter === FILE) count.files++;
      else if (letter === DIRECTORY) count.directories++;
      else {
        const end = bytes.indexOf(0, at);
        if (end < 0) {
          rest = Buffer.from(bytes.subarray(at));
          return;
        }
        const text = bytes.toString('latin1', at + 1, end);
        if (letter === LINK) {
          count.links++;
          links.add(text);
          if (says !== undefined) cycles.add(text, says);
        } else if (letter === SAYS) {
          says = text;
        } else {
          const added = severalNames.add(text, true);
          if (added === 'new') count.files++;
          else if (added === 'full') count.unsure++;
        }
        at = end;
      }
    }
  };
}
