/** Who uses how much of what the kernel lets a user have of inotify. */
import type { ByteString } from '../../evidence/types.ts';

/** A process that holds instances. */
export interface Watcher {
  pid: number;
  ppid: number;
  startTime: string;
  comm: ByteString;
  exe?: ByteString;
  /** Effective user, as numbered in our own user namespace. */
  uid: number;
  /** Its user ids are not all the same, or it began as another user: what it made may have been charged to that one, or to any. */
  changedUser?: true;
  /** Inode of its user namespace; absent when it could not be read. */
  userns?: string;
  /** Its parent, when that runs the same program: what it holds may come from there. */
  twin?: { pid: number; comm: ByteString };
}

export interface InotifyFd {
  watcher: Watcher;
  fd: number;
}

/** One instance, in however many tables. */
export interface Instance {
  /** Every descriptor of it; those of the oldest process first. */
  held: InotifyFd[];
  /** null when fdinfo could not be read. */
  watches: number | null;
  /** Who is charged for it: user namespace and effective user of whoever made it, taken to be its oldest holder. */
  userns: string;
  uid: number;
  /** Whether its holders share one instance could not be asked: they are relatives that have the same descriptor number. */
  sharedAssumed?: true;
}

/** A process whose descriptors may not be seen. */
export interface HiddenProcess {
  pid: number;
  /** Real and effective user. */
  uids: number[];
  /** How many descriptors it has; null when not even that is told. */
  open: number | null;
}

/** What one user may have and has of one thing. */
export interface Use {
  /** What was seen: there are that many at least. */
  used: number;
  /** So many of them surely; absent when all are. The others are of processes that have changed their user. */
  atLeast?: number;
  /** There are no more than that; null when that cannot be told. */
  atMost: number | null;
  /** null when it could not be read. */
  limit: number | null;
}

/** One counter of the kernel's (kernel/ucount.c): a user in a user namespace. Whatever is made counts here and at each level above. */
export interface Level {
  userns: string;
  uid: number;
  /** The first user namespace of the host: its limits are fs.inotify.*, those of others user.max_inotify_*. */
  isFirst: boolean;
  instances: Use;
  watches: Use;
}

export interface InotifyUser {
  userns: string;
  uid: number;
  /** Its own first, the outermost last. */
  levels: Level[];
  /** The levels above are all known. */
  isComplete: boolean;
  /** So many instances were tried to be made, and so many could be: then that is what is left, whatever was seen. */
  tried?: { wanted: number; made: number };
  /** The same of watches. */
  triedWatches?: { wanted: number; made: number };
  /** Charged to it, those of namespaces below not among them. */
  instances: Instance[];
}

/** Why what was counted may not be all. */
export interface Blindness {
  hidden: HiddenProcess[];
  /** We are in a pid namespace of our own: what runs outside is not seen, and charged to the same users. */
  ownPids: boolean;
  /** The option of /proc that hides processes of others from us. */
  hidepid?: string;
  /** Stopped before all processes were seen. */
  stopped: boolean;
  /** Processes whose answer is not on the tape. */
  notRecorded: number;
}

export interface InotifyUsers {
  /** Those with instances, and those above them; `self` and `asked` always. */
  users: InotifyUser[];
  /** Who looks. */
  self: InotifyUser;
  /** Who is asked about: `self`, unless told otherwise. */
  asked: InotifyUser;
  instances: Instance[];
  /** Processes whose descriptors were seen. */
  seen: number;
  blindness: Blindness;
  /** Instances whose watches could not be counted, and why. */
  uncounted: { count: number; errno: string } | null;
  /** Why holders of one instance could not be told from holders of two; null when they could, or there was nothing to tell. */
  unmerged: string | null;
}
