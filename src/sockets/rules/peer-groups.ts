/** Sockets by who is at the other end: one remote service, or one port of ours. */
import { endpoint } from '../../kernel/kinds/socket.ts';
import { count } from '../../report/words.ts';
import type { TcpSocket } from './held-sockets.ts';

export interface PeerGroup {
  /** `to 10.0.0.7:5432`, `on :8080`, `to *:443`, `to 12 more peers`. */
  label: string;
  direction: 'inbound' | 'outbound';
  sockets: TcpSocket[];
}

/** More groups than this are told as one. */
const MOST_GROUPS = 5;

/**
 * Groups that are `enough` by themselves, largest first, and what is left over. Outbound sockets are grouped by remote
 * endpoint, then the leftovers by remote port, so that a leak spread over many peers is seen too.
 */
export function groupByPeer(sockets: readonly TcpSocket[], enough: (sockets: readonly TcpSocket[]) => boolean): { groups: PeerGroup[]; rest: TcpSocket[] } {
  const exact = partition(groupsBy(sockets, false), enough);
  const wide = partition(groupsBy(exact.rest, true), enough);
  const groups = [...exact.groups, ...wide.groups].sort((a, b) => b.sockets.length - a.sockets.length);
  const shown = groups.slice(0, MOST_GROUPS);
  for (const direction of ['inbound', 'outbound'] as const) {
    const folded = groups.slice(MOST_GROUPS).filter((group) => group.direction === direction);
    if (folded.length === 1) shown.push(folded[0]!);
    if (folded.length < 2) continue;
    const label = direction === 'inbound' ? `on ${count(folded.length)} more ports` : `to ${count(folded.length)} more peers`;
    shown.push({ label, direction, sockets: folded.flatMap((group) => group.sockets) });
  }
  return { groups: shown, rest: wide.rest };
}

function groupsBy(sockets: readonly TcpSocket[], wide: boolean): PeerGroup[] {
  const groups = new Map<string, PeerGroup>();
  for (const socket of sockets) {
    const { row, fd } = socket;
    const remote = wide ? `*:${row.remotePort}` : endpoint(row.remoteAddress, row.remotePort);
    const label = fd.detail.inbound ? `on :${row.localPort}` : `to ${remote}`;
    const group = groups.get(label);
    if (group) group.sockets.push(socket);
    else groups.set(label, { label, direction: fd.detail.inbound ? 'inbound' : 'outbound', sockets: [socket] });
  }
  return [...groups.values()];
}

function partition(groups: readonly PeerGroup[], enough: (sockets: readonly TcpSocket[]) => boolean): { groups: PeerGroup[]; rest: TcpSocket[] } {
  return {
    groups: groups.filter((group) => enough(group.sockets)),
    rest: groups.filter((group) => !enough(group.sockets)).flatMap((group) => group.sockets),
  };
}
