/** What a look into memory tells beside the stacks: its cost, channels that are waited for, connections behind IO waits. */
import type { Evidence } from '../../evidence/types.ts';
import type { Paused } from '../../kernel/paused.ts';
import { scanInet } from '../../kernel/proc/net-inet.ts';
import type { Frame } from '../../kernel/goroutines.ts';
import { siteOf } from '../names.ts';
import { hex } from './census.ts';
import type { MemoryDump } from './read.ts';

export interface ChannelFact {
  address: string;
  length: number;
  capacity: number;
  closed: boolean;
  /** Goroutines that wait in a plain send or receive. */
  senders: number;
  receivers: number;
  /** Those that wait in a select with it among its cases. */
  selecting: number;
  /** A timer or ticker that runs will send to it. */
  timer?: true;
}

export interface CondFact {
  address: string;
  waiters: number;
}

export interface ConnectionFact {
  id: string;
  fd: number;
  /** Index of its group in the dump. */
  group: number;
  local?: string;
  peer?: string;
  state?: string;
  /** Where in the program it waits: the function, and the wait as the runtime words it. */
  site?: string;
  wait?: string;
}

export interface MemoryFacts {
  /** All that were read, those of the runtime included. */
  read: number;
  /** Never stood still while they were read. */
  torn: number;
  stopMs: 0;
  /** Somebody else held it while it was looked at: no waiting times are told then. */
  paused?: Paused;
  reads: number;
  bytes: number;
  /** How the list of goroutines was found: by its name, or by its shape in a stripped program. */
  list: 'symbol' | 'shape';
  channels: ChannelFact[];
  conds: CondFact[];
  /** Where they were asked for. */
  connections?: ConnectionFact[];
}

const MOST_CHANNELS = 100;

/** Channels that are waited for by most come first. */
export function channelFacts({ channels }: MemoryDump): ChannelFact[] {
  const waited = [...channels].filter(([, channel]) => waitersOf(channel) > 0);
  waited.sort(([, a], [, b]) => waitersOf(b) - waitersOf(a));
  return waited.slice(0, MOST_CHANNELS).map(([address, channel]) => ({ address: hex(address), ...channel }));
}

export function waitersOf({ senders, receivers, selecting }: Pick<ChannelFact, 'senders' | 'receivers' | 'selecting'>): number {
  return senders + receivers + selecting;
}

/** Each sync.Cond that is waited for; most wanted first. */
export function condFacts({ dump }: MemoryDump): CondFact[] {
  const waiters = new Map<string, number>();
  for (const { state, objects } of dump.groups) {
    if (state === 'sync.Cond.Wait') for (const [address, count] of objects ?? []) waiters.set(address, (waiters.get(address) ?? 0) + count);
  }
  return [...waiters].map(([address, count]) => ({ address, waiters: count })).sort((a, b) => b.waiters - a.waiters).slice(0, MOST_CHANNELS);
}

/** The sockets behind descriptors, from the tables of the process's own network namespace. */
export function connectionFacts(evidence: Evidence, pid: number, { waitsOnFds }: MemoryDump): ConnectionFact[] {
  if (waitsOnFds.length === 0) return [];
  const inodes = new Map<string, ConnectionFact[]>();
  const facts = waitsOnFds.map((one): ConnectionFact => ({ ...one }));
  for (const fact of facts) {
    const inode = /^socket:\[(\d+)\]$/.exec(evidence.readlink(`/proc/${pid}/fd/${fact.fd}`).value ?? '')?.[1];
    if (inode !== undefined) inodes.set(inode, [...(inodes.get(inode) ?? []), fact]);
  }
  // A busy host has tables of megabytes: those that nothing is missing in any more are not read.
  for (const protocol of ['tcp', 'tcp6', 'udp', 'udp6'] as const) {
    if (inodes.size === 0) break;
    scanInet(
      evidence.read(`/proc/${pid}/net/${protocol}`).value ?? '',
      protocol,
      ({ inode, localAddress, localPort, remoteAddress, remotePort, state }) => {
        for (const fact of inodes.get(inode) ?? []) {
          fact.local = endOf(localAddress, localPort);
          fact.state = state;
          if (remotePort !== undefined && remotePort !== 0) fact.peer = endOf(remoteAddress, remotePort);
        }
        inodes.delete(inode);
      },
      (inode) => inodes.has(inode),
    );
  }
  return facts;
}

/** Says of listed goroutines which descriptor they wait for. */
export function nameConnections(goroutines: { id: string | null; fd?: number; peer?: string }[], connections: readonly ConnectionFact[]): void {
  const byId = new Map(connections.map((one) => [one.id, one]));
  for (const goroutine of goroutines) {
    const found = goroutine.id === null ? undefined : byId.get(goroutine.id);
    if (!found) continue;
    goroutine.fd = found.fd;
    if (found.peer !== undefined) goroutine.peer = found.peer;
  }
}

/** Says of connections where the goroutine that waits for each is. */
export function placeConnections(connections: readonly ConnectionFact[], groups: readonly { state: string; frames: readonly Frame[] }[], shown: (frame: Frame) => string): void {
  for (const connection of connections) {
    const group = groups[connection.group];
    const site = group && siteOf(group.frames);
    if (!group || !site) continue;
    connection.site = shown(site);
    connection.wait = group.state;
  }
}

function endOf(address = '', port = 0): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
