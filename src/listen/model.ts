/** What one look at the listeners of some network namespaces gave. The event that the rules of this wing observe. */
import type { ByteString } from '../evidence/types.ts';
import type { Process } from '../kernel/types.ts';

/** A process and the number under which it holds a listener. */
export interface Owner {
  process: Process;
  fd: number;
  /** Index in `ListenLook.generations`; undefined where the kernel does not say which run of its program it belongs to. */
  generation?: number;
}

/** Processes of one exec: a master and the workers it forked. */
export interface Generation {
  processes: Process[];
  /** Start of the first of them, ticks since boot. */
  startTicks: number;
}

export interface Listener {
  inode: string;
  /** Connections that wait to be accepted; undefined where only sock_diag would tell. */
  queue?: number;
  /** Most that may wait, less one. */
  backlog?: number;
  owners: Owner[];
  /** SO_REUSEPORT; undefined where it was not or could not be asked. */
  reuseport?: boolean;
  /** The queue of the second look. */
  queueAgain?: number;
  /** Longest queue seen by a watch. */
  queueHighest?: number;
}

export interface Connections {
  total: number;
  byState: Map<string, number>;
  /** Completed, and no process holds them: remote ends. */
  neverAccepted: string[];
  /** Half-open: the last step of the handshake was dropped, or is under way. */
  synReceived: number;
  /** Local clients whose connect gets no answer. */
  knocking: number;
  /** Ms without data, of connections that a process holds; absent where tcp_info was not told. */
  idle?: { shortestMs: number; longestMs: number; overMinute: number };
}

/** One address; with SO_REUSEPORT several sockets listen there, and which of them a connection waits at is not told. */
export interface ListenAddress {
  protocol: 'tcp' | 'tcp6' | 'unix';
  netns: string;
  /** Textual, without brackets; of unix sockets empty. */
  address: string;
  /** Of unix sockets 0. */
  port: number;
  /** Of `::`: it takes no connection of IPv4. Undefined where only sock_diag would tell. */
  v6Only?: boolean;
  /** Of unix sockets; undefined for one without a name. */
  path?: ByteString;
  /** Nothing is there any more: it was removed, or has another name. */
  gone?: true;
  listeners: Listener[];
  connections: Connections;
  /** Of those that waited: how many still did, so much later, with the same remote end. */
  again?: { afterMs: number; stillWaiting: number };
}

export interface NetworkNamespace {
  /** Inode of nsfs; empty when it could not be read. */
  id: string;
  /** Through whom it was read. */
  pid: number;
  own: boolean;
  /** net.core.somaxconn there. */
  somaxconn?: number;
  /** sock_diag answered, so that backlogs are known. */
  diag: boolean;
}

/** Counters of one namespace, and how much they grew. */
export interface CounterWatch {
  netns: string;
  windowMs: number;
  grown: Map<string, number>;
}

export interface ListenLook {
  type: 'listen';
  label: string;
  addresses: ListenAddress[];
  /** TCP listeners of the same namespaces that were not asked about: the counters are theirs too. */
  others: ListenAddress[];
  /** Unix listeners that are bound to one path, by path; those that were asked about among them. */
  twins?: ListenAddress[][];
  generations: Generation[];
  namespaces: NetworkNamespace[];
  watches: CounterWatch[];
  /** Ticks since boot at the look; undefined when /proc/uptime could not be read. */
  nowTicks?: number;
}

/** USER_HZ, which the kernel has promised to programs since ever. */
export const TICKS_PER_SECOND = 100;
