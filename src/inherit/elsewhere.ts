/** Listeners of another network namespace than the process is in: no table of its own lists them, a copy of the descriptor tells. */
import type { Evidence, SocketProbe } from '../evidence/types.ts';
import { type CoverageLog, errnoWords, statusOf } from '../kernel/coverage.ts';
import type { LinkList } from '../kernel/links.ts';
import type { Listener } from './model.ts';
import type { Network } from './networks.ts';

/** Each takes some 0.1 ms, and a copy of the socket for as long. */
const MOST_PROBES = 64;
const AF_UNIX = 1;

/** What is held, and what is known of it. */
interface Held {
  pid: number;
  links: LinkList;
  network: Network;
}

interface Found {
  listeners: Listener[];
  /** What each said, by inode. */
  probes: Map<string, SocketProbe>;
}

/** Each once, with all its numbers; its descriptors say of themselves that they listen. @param which `old` or `new`, for the coverage */
export function listenersElsewhere(evidence: Evidence, { pid, links, network }: Held, which: string, coverage: CoverageLog): Found {
  const known = new Set(network.rows.map(({ inode }) => inode));
  const byInode = new Map<string, number[]>();
  for (let index = 0; index < links.size; index++) {
    const inode = links.socketInode(index);
    if (inode === undefined || known.has(inode)) continue;
    const copies = byInode.get(inode);
    if (copies) copies.push(links.numbers[index]!);
    else byInode.set(inode, [links.numbers[index]!]);
  }
  const found: Found = { listeners: [], probes: new Map() };
  // A copy of a connection holds back its end for as long: only what is in no table here is asked so.
  const doubted = byInode.size === 0 ? [] : [...byInode].filter(([inode]) => !network.here().has(inode));
  let refused: string | undefined;
  for (const [inode, copies] of doubted.slice(0, MOST_PROBES)) {
    const { value: probe, errno } = evidence.probeSocket(pid, copies[0]!);
    if (errno !== undefined && errno !== 'EBADF' && errno !== 'ESRCH') refused ??= errno;
    if (!probe?.listening) continue;
    found.probes.set(inode, probe);
    found.listeners.push({ inode, ...nameOfProbe(probe), ...(probe.netns !== undefined && { netns: probe.netns }), fds: copies });
  }
  const unasked = doubted.length - MOST_PROBES;
  if (refused !== undefined || unasked > 0) {
    const detail = refused === undefined ? `${unasked} of ${doubted.length} sockets, which may be of another network namespace, were not asked whether they listen` : `${errnoWords(refused)}: whether a socket of another network namespace listens is not known`;
    coverage.note({ source: `${which}: listeners elsewhere`, status: refused === undefined ? 'partial' : statusOf(refused), detail, needed: false });
  }
  return found;
}

function nameOfProbe({ domain, local }: { domain: number; local?: string }): Pick<Listener, 'name' | 'address' | 'port'> {
  const address = local ?? '';
  const colon = address.lastIndexOf(':');
  const where = 'in another network namespace';
  if (domain === AF_UNIX || colon < 0) return { name: `${address || 'unix socket'} ${where}`, address: `${address} ${where}`, port: null };
  return { name: `${address} ${where}`, address: address.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(address.slice(colon + 1)) };
}
