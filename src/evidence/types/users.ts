/** Questions about users, and about trees of files. */
import type { Answer, ByteString, Errno } from './answer.ts';

/** A user namespace. */
export interface UserNamespace {
  /** Inode of nsfs, decimal: `4026531837` is the first one of the host. */
  id: string;
  /** Who made it, numbered as in our own namespace: what its users have is charged to this user of the parent, too. */
  ownerUid: number;
}

/** A directory whose things shall be counted. */
export interface TreeToCount {
  path: string;
  /** Patterns of names, as fnmatch(3) has them, that are neither entered nor counted. */
  skip: readonly string[];
  /** Count what is neither directory nor link, too. */
  files: boolean;
  /** Count links, and what they lead to. */
  links: boolean;
  /** A directory outside that a link leads to is counted with all that is below it. */
  follow: boolean;
}

export interface TreeCountOptions {
  timeoutMs: number;
  /** Told now and then how many things were seen. */
  progress?: (seen: number) => void;
}

/** What is below a directory, itself included. */
export interface TreeCount {
  directories: number;
  /** Neither directories nor links, each once under however many names (hard links); 0 when not asked for. */
  files: number;
  /** 0 when not asked for. */
  links: number;
  /** Things that links lead to and that are not among those counted above, each once. */
  targets: number;
  /** Directories that could not be read. */
  unreadable: number;
  /** Names and links that were not counted, since what they stand for could not be told or not be remembered. */
  unsure: number;
  /** Links that lead to a directory they lie in, or by others back to it, by their names; only told where links are followed. */
  loops?: number;
  /** Why it ended before all was seen: EINTR or ETIMEDOUT. */
  cut?: Errno;
}

/** Questions about what users have of what the kernel limits per user. */
export interface UserQuestions {
  /** Numbers of the descriptors of a process whose link is one of `texts`. */
  findLinks(pid: number, texts: readonly ByteString[]): Answer<number[]>;
  /** Class B: how many lines of each file begin with `start`; in the order of `paths`. */
  countLinesSlow(paths: readonly string[], start: ByteString): Promise<Answer<number>[]>;
  /** kcmp(2) KCMP_FILE: 0 when the two fds share one open file description, else -1 or 1, an order to sort by. */
  descriptionOrder(pid1: number, fd1: number, pid2: number, fd2: number): Answer<number>;
  /** The user namespace of a process, then its parents, as far as we may see them. */
  userNamespaces(pid: number): Answer<UserNamespace[]>;
  /** Effective user of a process when it began to run its program, as numbered in its own user namespace. */
  startedAs(pid: number): Answer<number>;
  /**
   * Makes inotify instances of our own and closes them at once: how many there could be, `wanted` at most; with `uid` as that user, which
   * only root may.
   */
  tryInstances(wanted: number, uid?: number): Answer<number>;
  /** The same with watches, of instances of our own. Not on tapes. */
  tryWatches(wanted: number, uid?: number): Answer<number>;
  /** Class B: one-line files as they read in the user namespace of a process, read by a child that enters it. In the order of `paths`. */
  readAsUserOf(pid: number, paths: readonly string[]): Promise<Answer<ByteString>[]>;
  /** Class B: what each absolute path is without symbolic links; in the order of `paths`. ENOENT for what is not there. Not on tapes. */
  realPaths(paths: readonly string[]): Promise<Answer<string>[]>;
  /** Class B: counts a tree. Not on tapes. */
  countTree(tree: TreeToCount, options: TreeCountOptions): Promise<Answer<TreeCount>>;
}
