/** Where following symbolic links never ends: they lead to directories that hold them, or to such that lead back. */
import type { ByteString } from './types.ts';

/** More are judged one by one only. */
const MOST_LINKS = 100_000;
/** As the kernel (fs/namei.c MAXSYMLINKS). */
const MOST_STEPS = 40;

interface Link {
  path: ByteString;
  /** With `/` at the end, as the next. */
  directory: ByteString;
  target: ByteString;
}

export interface LinkCycles {
  /** @param link its path, @param says what readlink(2) says of it */
  add(link: ByteString, says: ByteString): void;
  /** Links on some way round, by their names. */
  count(): number;
}

export function linkCycles(): LinkCycles {
  const links: Link[] = [];
  let beyond = 0;
  return {
    add(path, says) {
      const directory = normal(path.slice(0, path.lastIndexOf('/')));
      const link = { path: `${directory}${path.slice(path.lastIndexOf('/') + 1)}/`, directory, target: normal(says.startsWith('/') ? says : `${directory}${says}`) };
      if (links.length < MOST_LINKS) links.push(link);
      else if (directory.startsWith(link.target)) beyond++;
    },
    count: () => beyond + countRound(links),
  };
}

/** Whoever is at what a link leads to meets all links below that: components of that graph, by Kosaraju. */
function countRound(found: readonly Link[]): number {
  const byPath = new Map(found.map(({ path, target }) => [path, target]));
  const links = found.map((link) => ({ ...link, target: throughLinks(link.target, byPath) })).sort((a, b) => (a.directory < b.directory ? -1 : a.directory > b.directory ? 1 : 0));
  const into = new Map<ByteString, number[]>();
  for (const [index, { target }] of links.entries()) {
    const known = into.get(target);
    if (known) known.push(index);
    else into.set(target, [index]);
  }
  const isDone = new Uint8Array(links.length);
  let round = 0;
  for (const start of inOrderOfEnd(links).reverse()) {
    if (isDone[start]) continue;
    isDone[start] = 1;
    const members = [start];
    for (const member of members) {
      // Backwards: what leads to a directory that this link lies in.
      for (const above of withParents(links[member]!.directory)) {
        for (const index of into.get(above) ?? []) if (!isDone[index]) {
          isDone[index] = 1;
          members.push(index);
        }
        into.delete(above);
      }
    }
    const { directory, target } = links[start]!;
    if (members.length > 1 || directory.startsWith(target)) round += members.length;
  }
  return round;
}

/** Depth first. Links below a directory are a range of those that are sorted; one that was met is passed over from then on. */
function inOrderOfEnd(links: readonly Link[]): number[] {
  const next = Int32Array.from({ length: links.length + 1 }, (_, index) => index);
  const unmet = (from: number): number => {
    let end = from;
    while (next[end] !== end) end = next[end]!;
    for (let at = from; next[at] !== end && at !== end; ) [at, next[at]] = [next[at]!, end];
    return end;
  };
  const ended: number[] = [];
  for (let root = unmet(0); root < links.length; root = unmet(root)) {
    next[root] = root + 1;
    for (const way = [root]; way.length > 0; ) {
      const at = way.at(-1)!;
      const { target } = links[at]!;
      const met = unmet(firstNotBefore(links, target));
      if (met < links.length && links[met]!.directory.startsWith(target)) {
        next[met] = met + 1;
        way.push(met);
      } else ended.push(way.pop()!);
    }
  }
  return ended;
}

function firstNotBefore(links: readonly Link[], target: ByteString): number {
  let [from, to] = [0, links.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (links[middle]!.directory < target) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** A path that leads on through another link. */
function throughLinks(path: ByteString, byPath: ReadonlyMap<ByteString, ByteString>): ByteString {
  let at = path;
  for (let step = 0; step < MOST_STEPS; step++) {
    const link = withParents(at).find((parent) => byPath.has(parent));
    if (link === undefined) return at;
    at = byPath.get(link)! + at.slice(link.length);
  }
  return path;
}

/** Itself first. */
function withParents(directory: ByteString): ByteString[] {
  const all = [directory];
  for (let at = directory; at !== '/'; ) {
    at = at.slice(0, at.lastIndexOf('/', at.length - 2) + 1);
    all.push(at);
  }
  return all;
}

/** Without `.`, `..` and empty parts, with `/` at the end. */
function normal(path: ByteString): ByteString {
  const parts: ByteString[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.length === 0 ? '/' : `/${parts.join('/')}/`;
}
