/** Sockets by who is at the other end: one remote service, or one port of ours. */
import { endpoint } from '../../kernel/kinds/socket.ts';
import { count } from '../../report/words.ts';
import type { TcpSocket } from './held-sockets.ts';

export interface PeerGroup {
  /** `to 10.0.0.7:5432`, `on :8080`, `to *:443`, `to 12 more peers`, `to several peers`. */
  label: string;
  direction: 'inbound' | 'outbound' | 'mixed';
  sockets: TcpSocket[];
  /** Enough to speak of a fault; the leftovers are not. */
  many: boolean;
}

/** More groups than this are told as one. */
const MOST_GROUPS = 5;

/**
 * Groups that are `enough` by themselves, largest first, then the leftovers as one. Outbound sockets are grouped by remote
 * endpoint, then by remote port, so that a leak spread over many peers is seen too.
 */
export function groupByPeer(sockets: readonly TcpSocket[], enough: (sockets: readonly TcpSocket[]) => boolean): PeerGroup[] {
  const exact = groupsBy(sockets, false, enough);
  const wide = groupsBy(leftovers(exact), true, enough);
  const groups = [...exact, ...wide].filter(({ many }) => many).sort((a, b) => b.sockets.length - a.sockets.length);
  const shown = groups.slice(0, MOST_GROUPS);
  for (const direction of ['inbound', 'outbound'] as const) {
    const folded = groups.slice(MOST_GROUPS).filter((group) => group.direction === direction);
    if (folded.length === 1) shown.push(folded[0]!);
    if (folded.length < 2) continue;
    const label = direction === 'inbound' ? `on ${count(folded.length)} more ports` : `to ${count(folded.length)} more peers`;
    shown.push({ label, direction, sockets: folded.flatMap((group) => group.sockets), many: true });
  }
  const rest = leftovers(wide);
  return rest.length === 0 ? shown : [...shown, asOne(rest)];
}

const several = { inbound: 'on several ports', outbound: 'to several peers', mixed: 'with several peers' };

function asOne(sockets: TcpSocket[]): PeerGroup {
  const groups = groupsBy(sockets, false, () => false);
  const directions = new Set(groups.map((group) => group.direction));
  const direction = directions.size === 1 ? groups[0]!.direction : 'mixed';
  return {
    label: groups.length === 1 ? groups[0]!.label : several[direction],
    direction,
    sockets,
    many: false,
  };
}

function groupsBy(sockets: readonly TcpSocket[], wide: boolean, enough: (sockets: readonly TcpSocket[]) => boolean): PeerGroup[] {
  const groups = new Map<string, PeerGroup>();
  for (const socket of sockets) {
    const { row, fd } = socket;
    const remote = wide ? `*:${row.remotePort}` : endpoint(row.remoteAddress, row.remotePort);
    const label = fd.detail.inbound ? `on :${row.localPort}` : `to ${remote}`;
    const group = groups.get(label);
    if (group) group.sockets.push(socket);
    else groups.set(label, { label, direction: fd.detail.inbound ? 'inbound' : 'outbound', sockets: [socket], many: false });
  }
  for (const group of groups.values()) group.many = enough(group.sockets);
  return [...groups.values()];
}

function leftovers(groups: readonly PeerGroup[]): TcpSocket[] {
  return groups.filter(({ many }) => !many).flatMap((group) => group.sockets);
}
