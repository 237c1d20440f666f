/** Two listeners of which one gets what seems to be meant for the other. Told by who holds them, and by what the kernel prefers. */
import type { Evidence } from '../evidence/types.ts';
import type { ListenAddress, ListenLook } from './model.ts';

export interface Rival {
  /** Gets what comes. */
  taker: ListenAddress;
  /** Gets the rest of it, or nothing. */
  other: ListenAddress;
}

/** Unix listeners bound to one path, held in one mount namespace: of a path that was removed and bound anew only the last one can be reached. */
export function unixTwins(evidence: Evidence, addresses: readonly ListenAddress[]): ListenAddress[][] {
  const byPath = new Map<string, ListenAddress[]>();
  // Names without a folder are relative to a working directory, abstract ones are there once only.
  for (const address of addresses) if (address.path?.startsWith('/')) byPath.set(`${address.netns} ${address.path}`, [...(byPath.get(`${address.netns} ${address.path}`) ?? []), address]);
  return [...byPath.values()].filter((all) => {
    const places = new Set(all.map(({ listeners }) => placeOf(evidence, listeners[0]!.owners[0]?.process.pid)));
    return all.length > 1 && places.size === 1 && !places.has(undefined);
  });
}

function placeOf(evidence: Evidence, pid: number | undefined): string | undefined {
  return pid === undefined ? undefined : evidence.readlink(`/proc/${pid}/ns/mnt`).value;
}

export function rivalsOf({ addresses, twins = [] }: Pick<ListenLook, 'addresses' | 'twins'>): Rival[] {
  return [...addresses.flatMap((taker) => widerThan(taker, addresses).map((other) => ({ taker, other }))), ...twins.flatMap(lastOf)].filter(({ taker, other }) => areApart(taker, other));
}

/** The kernel prefers the socket of the very address (net/ipv4/inet_hashtables.c compute_score). */
function widerThan({ protocol, netns, address, port }: ListenAddress, all: readonly ListenAddress[]): ListenAddress[] {
  if (protocol === 'unix' || address === '0.0.0.0' || address === '::') return [];
  const wide = all.filter((each) => each.port === port && each.netns === netns && each.protocol !== 'unix');
  const own = (protocol === 'tcp' ? wide.find((each) => each.address === '0.0.0.0') : undefined) ?? wide.find((each) => each.address === '::' && !(protocol === 'tcp' && each.v6Only));
  return own ? [own] : [];
}

/** Inode numbers of sockets rise. */
function lastOf(all: readonly ListenAddress[]): Rival[] {
  const sorted = [...all].sort((a, b) => Number(b.listeners[0]!.inode) - Number(a.listeners[0]!.inode));
  return sorted.slice(1).map((other) => ({ taker: sorted[0]!, other }));
}

/** Of no process in common, and not of one run; runs are numbered among those that were asked about. */
function areApart(a: ListenAddress, b: ListenAddress): boolean {
  const [one, other] = [a, b].map(({ listeners }) => listeners.flatMap(({ owners }) => owners));
  if (one!.length === 0 || other!.length === 0) return false;
  return !one!.some((owner) => other!.some(({ process, generation }) => process.pid === owner.process.pid || (a.protocol !== 'unix' && generation !== undefined && generation === owner.generation)));
}
