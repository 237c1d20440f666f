/** Two generations of a service, compared: the event that the rules of this wing judge. */
import type { ByteString, FileStat } from '../evidence/types.ts';
import type { Fd, FdTable, Process } from '../kernel/types.ts';
import type { Context } from './context.ts';

/** What a thing belongs to; a finding speaks of all that was lost of one. */
export type Aspect = 'files' | 'rights' | 'scheduling' | 'signals' | 'limits' | 'place' | 'arguments' | 'environment' | 'listeners' | 'descriptors';

export interface ContextItem {
  aspect: Aspect;
  name: string;
  value: string;
  source: string;
  /** Of a namespace: that of the host (of process 1). Two others differ with each start of a container. */
  isHost?: boolean;
  /** The value is a name somebody gave: a tape may have a pseudonym for it. */
  named?: true;
}

/** A thing that is not the same in both. */
export interface Difference {
  aspect: Aspect;
  name: string;
  /** null: it was not there. */
  old: string | null;
  new: string | null;
  source: string;
  /** The new one can do less by it, or behaves otherwise, and nobody would choose that silently. */
  lost: boolean;
}

export interface Listener {
  inode: string;
  /** `127.0.0.1:80`, `[::]:80`, or the path of a unix socket. */
  name: string;
  address: string;
  port: number | null;
  fds: number[];
  /** Who has it under these numbers, where that is a worker of the process. */
  worker?: number;
  nonBlocking?: boolean;
  /** Of `[::]:80`: it takes no connection of IPv4. */
  v6Only?: boolean;
  /** It is of this network namespace, which the process is not in. */
  netns?: string;
}

export interface ComparedListener extends Listener {
  status: 'handed-over' | 'new-socket' | 'lost';
  /** Under these numbers the new one has it, or its own of this address. */
  newFds: number[];
  /** The worker of the new one that has it. */
  newWorker?: number;
  /** Bound anew to more than it was: `[::]:80` instead of `127.0.0.1:80`. */
  wider?: string;
}

/** A descriptor of the new generation that is one of the old one's, and that it neither asked for nor uses. */
export interface Accidental {
  fd: Fd;
  old: Fd;
  target: ByteString;
  listening: boolean;
  /** kcmp says so, or a socket, of which there is only one; and no thread polls for what cannot be told. */
  proven: boolean;
}

/** One generation, as far as it was seen. */
export interface Generation {
  process: Process;
  table: FdTable;
  listeners: Listener[];
  context: Context;
  /** Numbers that its environment says it was handed; it may have closed them since. */
  announced: number[];
  /** Its pid, here and in nested pid namespaces. */
  ownPids: number[];
  /** Numbers that its epoll instances watch, or threads of it wait for. */
  used: Set<number>;
  /** It could not be told what it uses. */
  useUnknown: boolean;
  /** The file that runs. */
  exe?: { stat: FileStat; deleted: boolean };
}

export interface InheritLook {
  type: 'inherit';
  old: Process;
  new: Process;
  /** The new one was forked and has not run exec since: it shares everything, as workers do. */
  forked: boolean;
  listeners: ComparedListener[];
  /** Of the old one, and the descriptors of the new one may not be read: whether it has them is not known. */
  untold: Listener[];
  /** Only the new one listens there. */
  added: Listener[];
  accidental: Accidental[];
  differences: Difference[];
  /** Things compared, and equal. */
  equal: number;
  exe: {
    old?: string;
    new?: string;
    /** null: cannot be told. */
    same: boolean | null;
    newIsDeleted: boolean;
    /** Device and inode are equal, and the file was changed in between. */
    inodeUsedAgain: boolean;
  };
  /** Variables that the old one was started with, and the new one was not. */
  lostVariables: ByteString[];
  /** The descriptors of the old one may not be read. */
  tableUnread: boolean;
  /** Names of the old one are pseudonyms: what has a name was not compared. */
  pseudonyms: boolean;
  /** LISTEN_PID of the new one names another process. */
  listenPid?: { names: number; fds: number };
}
