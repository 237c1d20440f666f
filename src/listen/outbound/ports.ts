/** Local ports by destination, as connect() counts them (net/ipv4/inet_hashtables.c __inet_hash_connect). */
import type { PortRange } from '../../kernel/proc/port-range.ts';
import type { PortPool, PortUse } from './model.ts';

const TIME_WAIT = 6;
const CLOSE = 7;
const LISTEN = 10;
const MAPPED = /^::ffff:(?=\d+\.)/;

/** One TCP socket of a namespace. */
export interface PortRow {
  state: number;
  inode: string;
  local: string;
  localPort: number;
  remote: string;
  remotePort: number;
}

export interface PortRules {
  netns: string;
  pid: number;
  range: PortRange;
  reserved: readonly PortRange[];
  /** What is in TIME_WAIT may be taken over: by nobody, over loopback, by any connect. */
  reuse: 'none' | 'loopback' | 'all';
}

export interface Counted {
  pool: PortPool;
  /** The most used first, without holders. */
  uses: PortUse[];
  /** Inodes of the sockets of a use that a process holds. */
  inodesOf: Map<PortUse, string[]>;
}

interface Group {
  use: PortUse;
  ports: Set<number>;
  inodes: string[];
}

export function countPorts(rows: readonly PortRow[], { netns, pid, range, reserved, reuse }: PortRules): Counted {
  const isReserved = (port: number): boolean => reserved.some(({ first, last }) => port >= first && port <= last);
  const inRange = (port: number): boolean => port >= range.first && port <= range.last;
  // A port that was bound is passed over, whatever address it is bound to; who accepts connections there is no outbound end.
  const bound = new Set<number>();
  for (const { state, localPort } of rows) if (state === LISTEN || state === CLOSE) bound.add(localPort);
  const inPool = (port: number): boolean => inRange(port) && !isReserved(port);
  const reservedCount = numbersOf(range).filter(isReserved).length;
  const boundCount = [...bound].filter(inPool).length;
  const size = range.last - range.first + 1 - reservedCount - boundCount;
  const groups = new Map<string, Group>();
  for (const { state, inode, localPort, remotePort, ...row } of rows) {
    if (state === LISTEN || state === CLOSE || remotePort === 0 || !inPool(localPort) || bound.has(localPort)) continue;
    const source = row.local.replace(MAPPED, '');
    const destination = row.remote.replace(MAPPED, '');
    const key = `${source} ${destination} ${remotePort}`;
    let group = groups.get(key);
    if (!group) groups.set(key, (group = { use: { netns, source, destination, port: remotePort, used: 0, timeWait: 0, reusable: 0, size, holders: [], asked: 0 }, ports: new Set(), inodes: [] }));
    if (group.ports.has(localPort)) continue;
    group.ports.add(localPort);
    group.use.used++;
    if (inode !== '0') group.inodes.push(inode);
    if (state !== TIME_WAIT) continue;
    group.use.timeWait++;
    if (reuse === 'all' || (reuse === 'loopback' && isLoopback(destination) && isLoopback(source))) group.use.reusable++;
  }
  const sorted = [...groups.values()].sort((a, b) => b.use.used - a.use.used || (a.use.destination < b.use.destination ? -1 : 1));
  return {
    pool: { netns, pid, first: range.first, last: range.last, reserved: reservedCount, bound: boundCount, size },
    uses: sorted.map(({ use }) => use),
    inodesOf: new Map(sorted.map(({ use, inodes }) => [use, inodes])),
  };
}

function numbersOf({ first, last }: PortRange): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}
