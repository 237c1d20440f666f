/** Looks at listeners again: what a busy server passes through in milliseconds is no fault, and counters only speak in pairs. */
import type { Evidence } from '../evidence/types.ts';
import { parseTcpCounters } from '../kernel/proc/netstat.ts';
import type { CounterWatch, ListenAddress, Listener, NetworkNamespace } from './model.ts';
import { readTables } from './tables.ts';

/** The first wait clears nearly everything in a healthy program; nobody who accepts at all leaves all of them waiting over both. */
const SHORT_MS = 200;
const LONG_MS = 1800;
/** Time between two looks at the queues of a watch. */
const INTERVAL_MS = 250;

/** The counters that tell of listeners, and of what happens to connections that wait there. */
export const COUNTERS = ['ListenOverflows', 'ListenDrops', 'TCPReqQFullDoCookies', 'TCPReqQFullDrop', 'TCPMigrateReqSuccess', 'TCPMigrateReqFailure', 'TCPAbortOnOverflow', 'TCPBacklogDrop'] as const;

type Counters = Map<string, Map<string, number>>;

export function readCounters(evidence: Evidence, namespaces: readonly NetworkNamespace[]): Counters {
  return new Map(namespaces.map(({ id, pid }) => [id, parseTcpCounters(evidence.read(`/proc/${pid}/net/netstat`).value ?? '')]));
}

function grownSince(before: Counters, now: Counters, windowMs: number): CounterWatch[] {
  return [...before].map(([netns, counters]) => {
    const grown = new Map<string, number>();
    for (const name of COUNTERS) {
      const first = counters.get(name);
      const last = now.get(netns)?.get(name);
      if (first !== undefined && last !== undefined) grown.set(name, Math.max(0, last - first));
    }
    return { netns, windowMs, grown };
  });
}

export interface Again {
  evidence: Evidence;
  signal: AbortSignal;
  namespaces: readonly NetworkNamespace[];
  before: Counters;
}

/** Somebody waits at one of these. */
export function someWait(addresses: readonly ListenAddress[]): boolean {
  return addresses.some(({ listeners, connections }) => connections.neverAccepted.length > 0 || connections.knocking > 0 || listeners.some(({ queue = 0 }) => queue > 0));
}

/** Where somebody waits: after 200 ms, and while they still do after 2 s. Sets what the addresses say of it. */
export async function lookAgain({ evidence, signal, namespaces, before }: Again, addresses: readonly ListenAddress[]): Promise<CounterWatch[]> {
  const started = evidence.now();
  let watches: CounterWatch[] = [];
  for (const wait of [SHORT_MS, LONG_MS]) {
    if (signal.aborted || !someWait(addresses)) break;
    await evidence.sleep(wait);
    const afterMs = Math.round(evidence.now() - started);
    compareNow(evidence, namespaces, addresses, afterMs);
    watches = grownSince(before, readCounters(evidence, namespaces), afterMs);
    if (addresses.every(({ again, listeners }) => !again?.stillWaiting && listeners.every(({ queueAgain = 0 }) => queueAgain === 0))) break;
  }
  return watches;
}

function compare(addresses: readonly ListenAddress[], later: readonly ListenAddress[], afterMs: number): void {
  const queues = new Map<string, Listener>();
  const byListener = new Map<string, ListenAddress>();
  for (const address of later) for (const listener of address.listeners) {
    queues.set(listener.inode, listener);
    byListener.set(listener.inode, address);
  }
  for (const address of addresses) {
    const then = address.listeners.map(({ inode }) => byListener.get(inode)).find((each) => each !== undefined);
    if (!then) continue;
    const still = new Set(then.connections.neverAccepted);
    address.again = { afterMs, stillWaiting: address.connections.neverAccepted.filter((peer) => still.has(peer)).length };
    for (const listener of address.listeners) {
      const queue = queues.get(listener.inode)?.queue;
      if (queue !== undefined) listener.queueAgain = queue;
    }
  }
}

/** Where somebody waited before a watch that was long enough: who still does after it. @returns false where it was too short */
export function compareAfter({ evidence, signal, namespaces }: Again, addresses: readonly ListenAddress[], windowMs: number): boolean {
  if (windowMs < SHORT_MS + LONG_MS || signal.aborted) return false;
  compareNow(evidence, namespaces, addresses, windowMs);
  return true;
}

function compareNow(evidence: Evidence, namespaces: readonly NetworkNamespace[], addresses: readonly ListenAddress[], afterMs: number): void {
  for (const namespace of namespaces) compare(addresses.filter(({ netns }) => netns === namespace.id), readTables(evidence, namespace.pid, namespace.id).addresses, afterMs);
}

/** Counters over a time, and the longest queue of each listener meanwhile; an aborted signal ends it. */
export async function watchListeners({ evidence, signal, namespaces, before }: Again, addresses: readonly ListenAddress[], windowMs: number): Promise<CounterWatch[]> {
  const started = evidence.now();
  const byInode = new Map<string, Listener>();
  for (const { protocol, listeners } of addresses) if (protocol !== 'unix') for (const listener of listeners) byInode.set(listener.inode, listener);
  for (const listener of byInode.values()) if (listener.queue !== undefined) listener.queueHighest = listener.queue;
  // So many as a tape of it has pauses, however long a look takes.
  const looks = Math.max(1, Math.ceil(windowMs / INTERVAL_MS));
  for (let look = 1; look <= looks && !signal.aborted; look++) {
    await evidence.sleep(Math.max(1, started + (windowMs * look) / looks - evidence.now()));
    for (const { pid } of namespaces) {
      for (const { inode, receiveQueue } of evidence.network?.sockDiagOf(pid, 'tcp listeners').value ?? []) {
        const listener = byInode.get(inode);
        if (listener) listener.queueHighest = Math.max(listener.queueHighest ?? 0, receiveQueue);
      }
    }
  }
  return grownSince(before, readCounters(evidence, namespaces), Math.round(evidence.now() - started));
}
