/** Class B: reads that can block on locks of the target or on a dead file system, each behind a deadline. */
import { existsSync } from 'node:fs';
import { catMany } from './reader-cat.ts';
import { openChildren } from './reader-child.ts';
import type { Reply } from './reader-parts.ts';
import { statMany } from './reader-stat.ts';
import type { ByteString, FileStat } from './types.ts';

/** Where the programs may be, best first. PATH of a tool that runs as root is not to be trusted. */
export interface ReaderPrograms {
  cat: readonly string[];
  stat: readonly string[];
}

const PROGRAMS: ReaderPrograms = { cat: ['/usr/bin/cat', '/bin/cat'], stat: ['/usr/bin/stat', '/bin/stat'] };

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
  /** Kills what still runs; true when any child had to be given up on. */
  close(): boolean;
}

/** Starts nothing yet: a child is started per batch (4.5 ms), and none while nobody asks. */
export function openReader(options: ReaderOptions): Reader {
  const children = openChildren(options.signal);
  const programs = options.programs ?? PROGRAMS;
  const deadline = (): number => performance.now() + options.deadlineMs;
  const cat = programs.cat.find((path) => existsSync(path));
  const stat = programs.stat.find((path) => existsSync(path));
  return {
    readMany: (paths) => catMany(children, cat, paths, deadline()),
    statMany: (directory, names) => statMany(children, stat, directory, names, deadline()),
    close: () => children.close(),
  };
}
