/** `data` of the report: the part scripts read. Add keys, never change them. */
import { programName } from '../kernel/services.ts';
import { decodeText } from '../kernel/text.ts';
import type { ListenAddress, Listener, ListenLook } from './model.ts';
import { TICKS_PER_SECOND } from './model.ts';
import { buildOutbound, type OutboundData } from './outbound/data.ts';
import type { OutboundLook } from './outbound/model.ts';

export interface OwnerRow {
  pid: number;
  fd: number;
  comm: string;
  startTime: string;
  /** Index in `generations`; null where the kernel does not tell. */
  generation: number | null;
}

export interface ListenerRow {
  protocol: 'tcp' | 'tcp6' | 'unix';
  /** Of unix listeners their path, `@name`, or empty. */
  address: string;
  addressBase64?: string;
  /** null for unix. */
  port: number | null;
  inode: string;
  netns: string | null;
  /** Connections that wait to be accepted. null: not told. */
  queue: number | null;
  /** The queue is full above it. null: not told. */
  backlog: number | null;
  /** net.core.somaxconn of the namespace, the most a backlog can be. */
  somaxconn: number | null;
  /** The backlog is as large as somaxconn allows: listen() may have asked for more. */
  clipped: boolean | null;
  /** null: could not be asked. */
  reuseport: boolean | null;
  /** Sockets that listen on this address, this one included. */
  groupSize: number;
  owners: OwnerRow[];
  /** With --watch: the longest queue seen. */
  queueHighest?: number;
}

export interface AddressRow {
  protocol: 'tcp' | 'tcp6' | 'unix';
  address: string;
  port: number | null;
  netns: string | null;
  inodes: string[];
  /** Of TCP on IPv6: whether connections of IPv4 are not taken. null: not told. */
  v6Only?: boolean | null;
  /** Of a unix path: nothing is there any more, it was removed or has another name. */
  gone?: true;
  connections: number;
  byState: Record<string, number>;
  neverAccepted: number;
  /** Half-open, and local clients whose connect gets no answer. */
  synReceived: number;
  knocking: number;
  idle: { shortestMs: number; longestMs: number; overMinute: number } | null;
  /** Of those that nobody had accepted: how many still waited. */
  again?: { afterMs: number; stillWaiting: number };
}

export interface ListenData {
  listeners: ListenerRow[];
  addresses: AddressRow[];
  /** Runs of programs that hold them: processes of one exec, oldest first. */
  generations: { pids: number[]; comm: string; startTime: string; ageMs: number | null }[];
  /** Counters of TcpExt, per network namespace, over a watch or between two looks. */
  counters: { netns: string | null; windowMs: number; grown: Record<string, number> }[];
  /** Of a port that nobody listens on. */
  nearest?: { address: string; port: number; owners: OwnerRow[] }[];
  /** With --outbound. */
  outbound?: OutboundData;
}

export function emptyData(): ListenData {
  return { listeners: [], addresses: [], generations: [], counters: [] };
}

export function buildData(look: ListenLook, nearest?: readonly ListenAddress[], outbound?: OutboundLook): ListenData {
  const somaxconn = new Map(look.namespaces.map((namespace) => [namespace.id, namespace.somaxconn]));
  return {
    listeners: look.addresses.flatMap((address) => address.listeners.map((listener) => listenerRow(address, listener, somaxconn.get(address.netns)))),
    addresses: look.addresses.map(addressRow),
    generations: look.generations.map(({ processes, startTicks }) => ({
      pids: processes.map(({ pid }) => pid),
      comm: programName(processes[0]!),
      startTime: String(startTicks),
      ageMs: look.nowTicks === undefined ? null : Math.max(0, ((look.nowTicks - startTicks) * 1000) / TICKS_PER_SECOND),
    })),
    counters: look.watches.map(({ netns, windowMs, grown }) => ({ netns: netns || null, windowMs, grown: Object.fromEntries(grown) })),
    ...(nearest && { nearest: nearest.map((address) => ({ address: address.address, port: address.port, owners: address.listeners.flatMap(({ owners }) => ownerRows(owners)) })) }),
    ...(outbound && { outbound: buildOutbound(outbound) }),
  };
}

function ownerRows(owners: Listener['owners']): OwnerRow[] {
  return owners.map(({ process, fd, generation }) => ({ pid: process.pid, fd, comm: programName(process), startTime: process.startTime, generation: generation ?? null }));
}

function nameOf({ protocol, address, path }: ListenAddress): { address: string; addressBase64?: string } {
  if (protocol !== 'unix') return { address };
  const { text, base64 } = decodeText(path ?? '');
  return { address: text, ...(base64 !== undefined && { addressBase64: base64 }) };
}

function listenerRow(address: ListenAddress, { inode, queue, backlog, reuseport, owners, queueHighest }: Listener, somaxconn: number | undefined): ListenerRow {
  const { protocol, port, netns, listeners } = address;
  return {
    protocol,
    ...nameOf(address),
    port: protocol === 'unix' ? null : port,
    inode,
    netns: netns || null,
    queue: queue ?? null,
    backlog: backlog ?? null,
    somaxconn: somaxconn ?? null,
    clipped: backlog === undefined || somaxconn === undefined ? null : backlog >= somaxconn,
    reuseport: protocol === 'unix' ? false : (reuseport ?? null),
    groupSize: listeners.length,
    owners: ownerRows(owners),
    ...(queueHighest !== undefined && { queueHighest }),
  };
}

function addressRow(each: ListenAddress): AddressRow {
  const { protocol, port, netns, listeners, connections, again, v6Only = null, gone } = each;
  const { total, byState, neverAccepted, synReceived, knocking, idle } = connections;
  return {
    protocol,
    address: nameOf(each).address,
    port: protocol === 'unix' ? null : port,
    netns: netns || null,
    inodes: listeners.map(({ inode }) => inode),
    ...(protocol === 'tcp6' && { v6Only }),
    ...(gone && { gone }),
    connections: total,
    byState: Object.fromEntries(byState),
    neverAccepted: neverAccepted.length,
    synReceived,
    knocking,
    idle: idle ?? null,
    ...(again && { again }),
  };
}
