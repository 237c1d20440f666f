/** Who holds what: open files, the numbers for them, the tables of numbers, the threads that use a table. */
import type { ByteString } from '../../evidence/types.ts';
import type { Block } from '../read/block.ts';
import type { Description } from './description.ts';
import type { FilesTable } from './table.ts';

/** Where descriptors are opened: a stack frame, or call and path template. */
export interface Site {
  id: number;
  call: string;
  kind: string;
  /** Without stacks: the path by its looks, or other words for what is opened. */
  look: ByteString;
  /** With -k: the frame. */
  frame: string | undefined;
  /** Up to two paths that look so, to make a template of: what folders they have in common, all have. */
  paths: ByteString[];
  /** The innermost frames of the program, of its first open (-k). */
  frames?: string[];
  /** Complete after `Model.settle`. */
  opened: number;
  closed: number;
}

export type How = 'opened' | 'pre-existing' | 'inherited' | 'received';

export interface OpenOptions {
  kind: string;
  target: ByteString;
  cloexec: boolean | null;
  call: string;
  /** What its site is named by, when that is not the target. */
  siteWords?: ByteString;
  how?: How;
  description?: Description;
  /** The number was chosen by the kernel as the lowest free one, and nothing can have come between. */
  isLowest?: boolean;
  /** What -y says of it. */
  decoration?: ByteString | undefined;
}

/** One number in one table. */
export interface Slot {
  fd: number;
  description: Description;
  /** null: not known. */
  cloexec: boolean | null;
  how: How;
  /** Undefined for what was there before the log. */
  site: Site | undefined;
  /** Is it counted at its site? The copy a fork makes is not. */
  counted: boolean;
  call: string;
  tid: number;
  /** Tick of `Clock`, and how long ticks were then; line of the log; µs. */
  tick: number;
  doublings: number;
  line: number;
  time: number;
  /** The thread that used it last; 0 for none. */
  usedBy: number;
  /** Tick of that use, and how long ticks were then. */
  usedTick: number;
  usedDoublings: number;
  /** `forks` of the table when it was opened. */
  forks: number;
  /** Taken for granted (0 to 2), never seen. */
  assumed: boolean;
  /** Its number or its flag was set on purpose, for a program to be started. */
  intended: boolean;
  closedBy: number;
  closedLine: number;
  closedTime: number;
  closedCall: string;
  /** The close was entered and has not returned. */
  closing: boolean;
  /** Number of the epoll that it was added to last; -1 for none. */
  polledBy: number;
  /** Somebody remembers it beyond its close. */
  isKept: boolean;
  /** Who had closed this number before it was opened, 0 for nobody; where; when. */
  beforeTid: number;
  beforeLine: number;
  beforeTime: number;
  /** Number of the site that counts when it ends, as something this table opened; -1 for none. */
  lives: number;
}

export interface Thread {
  /** As the log names it; 0 when it does not. */
  tid: number;
  /** Of the thread group. */
  pid: number;
  table: FilesTable;
  program: string;
  /** It had lines of its own. */
  isSeen: boolean;
  /** First and last time, µs; NaN without. */
  firstTime: number;
  /** Of the log, when it was first known. */
  line: number;
  /** Forked, and has not called exec. */
  beforeExec: boolean;
  parent: number;
  pending: Pending | undefined;
  /** What `pending` is when there is one. */
  half: Pending;
  /** Calls of close one after the other, with numbers one after the other. */
  run: CloseRun;
  limit: number | null;
  /** Network namespace; 0 for that of the first. */
  net: number;
}

/** A call that has not returned. */
export interface Pending {
  name: number;
  /** It may make or take descriptors. */
  matters: boolean;
  /** The arguments so far, for calls that matter; not yet taken out of `window` while there is one. */
  args: ByteString;
  window: Block | undefined;
  from: number;
  to: number;
  /** Of the path among them, in the window; 0 where it was not looked for, or is not plain. */
  pathFrom: number;
  pathTo: number;
  pathId: number;
  /** 1: O_CLOEXEC stands behind it. */
  pathCloexec: number;
  /** It is among those whose arguments are made text before the window goes. */
  listed: boolean;
  fd: number;
  time: number;
  line: number;
  /** The close took effect at its entry. */
  closed: Slot | undefined;
}

export interface CloseRun {
  last: number;
  step: number;
  /** 0: no close came last. */
  length: number;
  /** EBADF of numbers that had been open. */
  bad: { fd: number; line: number; time: number; slot: Slot }[] | undefined;
}
