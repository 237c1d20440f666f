/** Class B: reads that can block on locks of the target or on a dead file system, each behind a deadline. */
import { existsSync } from 'node:fs';
import { catInUserNamespace, catMany } from './reader-cat.ts';
import { type Children, openChildren } from './reader-child.ts';
import { type Reply, silence } from './reader-parts.ts';
import { type MemoryRange, readMemory } from './reader-memory.ts';
import { statMany } from './reader-stat.ts';
import { countTree } from './tree-count.ts';
import { searchMount } from './mount-search.ts';
import type { ByteString, FileStat, MountSearch, TreeCount, TreeCountOptions, TreeToCount } from './types.ts';

/** Where the programs may be, best first. PATH of a tool that runs as root is not to be trusted. */
export interface ReaderPrograms {
  cat: readonly string[];
  stat: readonly string[];
  nsenter?: readonly string[];
  find?: readonly string[];
  realpath?: readonly string[];
  dd?: readonly string[];
}

const PROGRAMS: ReaderPrograms = { cat: ['/usr/bin/cat', '/bin/cat'], stat: ['/usr/bin/stat', '/bin/stat'] };
const NSENTER = ['/usr/bin/nsenter', '/bin/nsenter'];
const REALPATH = ['/usr/bin/realpath', '/bin/realpath'];
const DD = ['/usr/bin/dd', '/bin/dd'];
const FIND = ['/usr/bin/find', '/bin/find'];

export interface ReaderOptions {
  /** How long a whole batch may take, ms; a second try after a hang gets at least 200 ms more. */
  deadlineMs: number;
  programs?: ReaderPrograms;
  /** Aborted: nobody waits for answers any more, those that are missing get EINTR. */
  signal?: AbortSignal;
}

export interface Reader {
  /** Replies in the order of `paths`. */
  readMany(paths: readonly string[]): Promise<Reply<ByteString>[]>;
  /** Replies in the order of `names`, which are fd numbers. */
  statMany(directory: string, names: readonly string[]): Promise<Reply<FileStat>[]>;
  /** One-line files as they read in the user namespace of a process. Replies in the order of `paths`. */
  readInUserNamespace(pid: number, paths: readonly string[]): Promise<Reply<ByteString>[]>;
  /** Paths without symbolic links. Replies in the order of `paths`. */
  realPaths(paths: readonly string[]): Promise<Reply<string>[]>;
  /** Bytes of the memory of a process. Replies in the order of `ranges`. */
  readMemory(pid: number, ranges: readonly MemoryRange[]): Promise<Reply<Buffer>[]>;
  /** What below an opened directory has one of these inode numbers. */
  searchMount(fd: number, inos: ReadonlySet<string>): Promise<Reply<MountSearch>>;
  countTree(tree: TreeToCount, options: TreeCountOptions): Promise<Reply<TreeCount>>;
  /** Kills what still runs; true when any child had to be given up on. */
  close(): boolean;
}

/** Starts nothing yet: a child is started per batch (4.5 ms), and none while nobody asks. */
export function openReader(options: ReaderOptions): Reader {
  const children = openChildren(options.signal);
  const programs = options.programs ?? PROGRAMS;
  const deadline = (): number => performance.now() + options.deadlineMs;
  const cat = firstOf(programs.cat);
  const stat = firstOf(programs.stat);
  return {
    readMany: async (paths) => (paths.length === 0 ? [] : catMany(children, cat, paths, deadline())),
    statMany: (directory, names) => statMany(children, stat, directory, names, deadline()),
    readInUserNamespace: (pid, paths) => catInUserNamespace(children, firstOf(programs.nsenter ?? NSENTER), cat, pid, paths, deadline()),
    realPaths: (paths) => Promise.all(paths.map((path) => realPathOf(children, firstOf(programs.realpath ?? REALPATH), path, deadline()))),
    readMemory: (pid, ranges) => readMemory(children, firstOf(programs.dd ?? DD), pid, ranges, deadline()),
    searchMount: (fd, inos) => searchMount(children, firstOf(programs.find ?? FIND), fd, inos, deadline()),
    countTree: (tree, options) => countTree(children, { find: firstOf(programs.find ?? FIND), stat, realpath: firstOf(programs.realpath ?? REALPATH) }, tree, options),
    close: () => children.close(),
  };
}

/** One child each: they are few, and one that never answers shall not keep the others. */
async function realPathOf(children: Children, program: string | undefined, path: string, until: number): Promise<Reply<string>> {
  if (program === undefined) return { errno: 'ENOREADER' };
  // busybox knows no option, and never fails for a link that leads nowhere: that is found out later.
  const { ended, output, exitCode } = await children.run(program, [path], { LC_ALL: 'C' }, until);
  if (ended !== 'done') return { errno: ended === 'failed' ? 'ENOREADER' : silence(children) };
  const real = Buffer.from(output, 'latin1').toString('utf8').replace(/\n$/, '');
  return exitCode === 0 && real.startsWith('/') ? { value: real } : { errno: 'ENOENT' };
}

function firstOf(paths: readonly string[]): string | undefined {
  return paths.find((path) => existsSync(path));
}
