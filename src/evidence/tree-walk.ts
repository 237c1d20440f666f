/** Counts a tree by inode, with what links in it lead to: as a library has one watch of each inode, whatever leads there. */
import type { ChildRun } from './reader-child.ts';
import { type Find, pruned, rootOf } from './tree-find.ts';
import { InodeMap, type Room, roomForInodes } from './tree-inodes.ts';
import type { TreeCount, TreeToCount } from './types.ts';

/** The tree, and directories outside that links lead to: each is compared with every directory that is met. */
const MOST_ROOTS = 200;

/** Where links lead. */
interface Target {
  directory: boolean;
  /** A link that leads to this directory, as a path that can be given to a program. */
  link?: string;
}

/**
 * What links lead to is asked first; what of it is then met in the tree is no target any more. Where a library follows links, the
 * directories that are left are trees, too, and all is counted anew with them: they may hold each other.
 */
export async function countInodes(find: Find, stat: string | undefined, tree: TreeToCount, count: TreeCount): Promise<ChildRun> {
  const roots = [rootOf(tree.path)];
  for (;;) {
    const room = roomForInodes();
    const targets = new InodeMap<Target>(room);
    Object.assign(count, { directories: 0, files: 0, links: 0, targets: 0, unsure: 0 } satisfies Partial<TreeCount>);
    const expression = [...withoutOthers(roots), ...pruned(tree)];
    if (tree.links && stat !== undefined) {
      const run = await readTargets(find, stat, { roots, expression }, { targets, follow: tree.follow }, count);
      if (run.ended !== 'done') return run;
    }
    const run = await countThings(find, tree, { roots, expression }, { targets, room }, count);
    if (run.ended !== 'done' || count.directories === 0) return run;
    if (tree.links && stat === undefined) count.unsure += count.links;
    const beyond = tree.follow ? [...targets.values()].filter(({ directory }) => directory) : [];
    const more = beyond.flatMap(({ link }) => (link === undefined ? [] : [rootOf(link)])).slice(0, MOST_ROOTS - roots.length);
    if (more.length === 0) {
      count.targets = targets.size;
      count.unsure += beyond.length;
      return run;
    }
    roots.push(...more);
  }
}

interface Walk {
  roots: readonly string[];
  expression: readonly string[];
}

/** A root in another one is counted by itself. Roots are called `.`, which nothing else is. */
function withoutOthers(roots: readonly string[]): string[] {
  if (roots.length < 2) return [];
  return ['!', '-name', '.', '(', ...roots.flatMap((root, index) => [...(index > 0 ? ['-o'] : []), '-samefile', root]), ')', '-prune', '-o'];
}

const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;

/** Links that lead nowhere are left out, as all libraries do. */
function readTargets(find: Find, stat: string, { roots, expression }: Walk, { targets, follow }: { targets: InodeMap<Target>; follow: boolean }, count: TreeCount): Promise<ChildRun> {
  const ask = [stat, '-L', '--printf', '%f %d:%i %n\\0', '--', '{}', '+'];
  const note = eachPart('\0', (line) => {
    const [mode = '', id = ''] = line.split(' ', 2);
    const directory = (Number.parseInt(mode, 16) & S_IFMT) === S_IFDIR;
    const link = directory && follow ? argumentOf(line.slice(mode.length + id.length + 2)) : undefined;
    if (targets.add(id, { directory, ...(link !== undefined && { link }) }) === 'full') count.unsure++;
  });
  return find(roots, [...expression, '-type', 'l', '!', '-xtype', 'l', '-exec', ...ask], note);
}

/** A name that is not UTF-8 cannot be given to a program from here: undefined. */
function argumentOf(bytes: string): string | undefined {
  const text = Buffer.from(bytes, 'latin1').toString('utf8');
  return text.includes('\uFFFD') ? undefined : text;
}

function countThings(find: Find, { files }: TreeToCount, { roots, expression }: Walk, { targets, room }: { targets: InodeMap<Target>; room: Room }, count: TreeCount): Promise<ChildRun> {
  const severalNames = new InodeMap<true>(room);
  const note = eachPart('\n', (line) => {
    const type = line[0];
    if (type === 'l') {
      count.links++;
      return;
    }
    const space = line.indexOf(' ');
    const id = line.slice(space + 1);
    if (targets.size > 0) targets.delete(id);
    if (type === 'd') count.directories++;
    else if (space === 2 && line[1] === '1') count.files++;
    else {
      const added = severalNames.add(id, true);
      if (added === 'new') count.files++;
      else if (added === 'full') count.unsure++;
    }
  });
  return find(roots, [...expression, ...(files ? [] : ['(', '-type', 'd', '-o', '-type', 'l', ')']), '-printf', '%y%n %D:%i\n'], note);
}

/** Calls `note` with what stands between separators, across chunks. */
function eachPart(separator: string, note: (part: string) => void): (chunk: Buffer) => void {
  let rest = '';
  return (chunk) => {
    const text = rest + chunk.toString('latin1');
    let from = 0;
    for (let at = text.indexOf(separator); at >= 0; at = text.indexOf(separator, from)) {
      note(text.slice(from, at));
      from = at + 1;
    }
    rest = text.slice(from);
  };
}
