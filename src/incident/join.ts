/** What the parts say about each other: who holds which sockets, which library watches what, which run of a program has which listener. */
import { count } from '../report/words.ts';
import type { PartsData } from './types.ts';

/** Goroutines of one place, or handles of one kind and origin, and the sockets they wait for or stand for. */
export interface Holder {
  by: 'goroutines' | 'handles';
  pid: number;
  /** `main.query`; `tcp-socket from /srv/app.js:12:3`. */
  who: string;
  /** Of the goroutines; of handles what they are grouped by. */
  how: string;
  sockets: number;
  /** By state of the connection, most first. */
  byState: Record<string, number>;
  /** Other ends, most frequent first, ports of clients left out. */
  peers: { peer: string; count: number }[];
}

export interface Joined {
  holders: Holder[];
  watches: { pid: number; fd: number; library: string | null; watches: number | null; dead: number; examples: string[] }[];
  listeners: { address: string; port: number | null; queue: number | null; backlog: number | null; generations: { comm: string; pids: number[]; ageMs: number | null }[] }[];
}

const MOST_PEERS = 3;
const MOST_EXAMPLES = 3;
/** What changes at the path is not told by such a watch. */
const DEAD = new Set(['deleted', 'replaced', 'moved', 'covered']);

export function join(parts: PartsData): Joined {
  const holders = [...goroutineHolders(parts), ...handleHolders(parts)];
  return { holders: holders.sort((a, b) => b.sockets - a.sockets || (a.who < b.who ? -1 : 1)), watches: watchers(parts), listeners: listeners(parts) };
}

class Drafts {
  readonly found = new Map<string, { holder: Omit<Holder, 'byState' | 'peers' | 'sockets'>; sockets: number; states: Map<string, number>; peers: Map<string, number> }>();

  add(holder: Omit<Holder, 'byState' | 'peers' | 'sockets'>, state: string | undefined, peer: string | undefined): void {
    const key = JSON.stringify([holder.pid, holder.who, holder.how]);
    let draft = this.found.get(key);
    if (!draft) this.found.set(key, (draft = { holder, sockets: 0, states: new Map(), peers: new Map() }));
    draft.sockets++;
    if (state !== undefined) draft.states.set(state, (draft.states.get(state) ?? 0) + 1);
    if (peer !== undefined) draft.peers.set(peer, (draft.peers.get(peer) ?? 0) + 1);
  }

  list(): Holder[] {
    return [...this.found.values()].map(({ holder, sockets, states, peers }) => ({
      ...holder,
      sockets,
      byState: Object.fromEntries(mostFirst(states)),
      peers: mostFirst(peers).slice(0, MOST_PEERS).map(([peer, times]) => ({ peer, count: times })),
    }));
  }
}

function mostFirst(counts: ReadonlyMap<string, number>): [string, number][] {
  return [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
}

/** Many clients of one server differ by their port only; of a server that is talked to the port says what it is. */
function peerOf(local: string | undefined, peer: string | undefined, listening: ReadonlySet<string>): string | undefined {
  if (peer === undefined) return undefined;
  const isAccepted = local !== undefined && listening.has(portOf(local));
  return isAccepted ? peer.slice(0, peer.lastIndexOf(':')) : peer;
}

function portOf(end: string): string {
  return end.slice(end.lastIndexOf(':') + 1);
}

function listeningPorts({ listen }: PartsData): Set<string> {
  return new Set((listen?.listeners ?? []).flatMap(({ port }) => (port === null ? [] : [String(port)])));
}

function goroutineHolders(parts: PartsData): Holder[] {
  const drafts = new Drafts();
  const listening = listeningPorts(parts);
  for (const { pid, memory } of parts.goroutines ?? []) {
    for (const { site, wait, local, peer, state } of memory?.connections ?? []) {
      if (site !== undefined && wait !== undefined) drafts.add({ by: 'goroutines', pid, who: site, how: wait }, state, peerOf(local, peer, listening));
    }
  }
  return drafts.list();
}

function handleHolders(parts: PartsData): Holder[] {
  const drafts = new Drafts();
  const listening = listeningPorts(parts);
  for (const { pid, kind, fd, site, callback, local, remote, state } of parts.node?.handles ?? []) {
    if (fd === undefined || (local === undefined && remote === undefined)) continue;
    const from = site ?? callback;
    drafts.add({ by: 'handles', pid, who: from === undefined ? kind : `${kind} from ${from}`, how: site === undefined ? (callback === undefined ? 'kind' : 'callback') : 'site' }, state, peerOf(local, remote, listening));
  }
  return drafts.list();
}

function watchers({ inotify }: PartsData): Joined['watches'] {
  return (inotify?.instances ?? []).map(({ pid, fd, library, watches }) => {
    const own = inotify!.watches.filter((watch) => watch.pid === pid && watch.fd === fd);
    const paths = own.flatMap(({ path }) => path ?? []);
    return { pid, fd, library: library ?? null, watches, dead: own.filter(({ state }) => DEAD.has(state)).length, examples: paths.slice(0, MOST_EXAMPLES) };
  });
}

function listeners({ listen }: PartsData): Joined['listeners'] {
  return (listen?.listeners ?? []).map(({ address, port, queue, backlog, owners }) => {
    const runs = new Set(owners.flatMap(({ generation }) => generation ?? []));
    return { address, port, queue, backlog, generations: [...runs].flatMap((index) => listen!.generations[index] ?? []).map(({ comm, pids, ageMs }) => ({ comm, pids, ageMs })) };
  });
}

/** `1,400 ESTABLISHED, 12 CLOSE_WAIT`. */
export function statesText(byState: Readonly<Record<string, number>>): string {
  return Object.entries(byState).map(([state, times]) => `${count(times)} ${state}`).join(', ');
}
