/** /proc/PID/net/sockstat and sockstat6, kernel net/ipv4/proc.c sockstat_seq_show, net/ipv6/proc.c sockstat6_seq_show. */
import type { ByteString } from '../../evidence/types.ts';
import { parseNumber, wholeLines, words } from './scan.ts';

export interface Sockstat {
  /** IPv4 TCP sockets in the tables of the namespace. */
  tcpInUse: number;
  /** TCP sockets allocated on the whole host, IPv6 and unhashed ones included. */
  tcpAllocated: number;
  /** TCP sockets of the whole host that no process holds. */
  tcpOrphan: number;
  /** TIME_WAIT entries of the namespace. */
  tcpTimeWait: number;
}

/** Null when the TCP line is missing, cut off or lacks a number. */
export function parseSockstat(text: ByteString): Sockstat | null {
  const value = valuesOf(text, 'TCP:');
  const stat = { tcpInUse: value('inuse'), tcpAllocated: value('alloc'), tcpOrphan: value('orphan'), tcpTimeWait: value('tw') };
  return Object.values(stat).some((count) => count < 0) ? null : stat;
}

/** IPv6 TCP sockets in the tables of the namespace. Null when the TCP6 line is missing, cut off or malformed. */
export function parseSockstat6(text: ByteString): { tcp6InUse: number } | null {
  const tcp6InUse = valuesOf(text, 'TCP6:')('inuse');
  return tcp6InUse < 0 ? null : { tcp6InUse };
}

/** Reader of the `name value` pairs of one line; -1 for what is not there. */
function valuesOf(text: ByteString, label: string): (name: string) => number {
  const line = wholeLines(text).find((candidate) => candidate.startsWith(`${label} `));
  const pairs = words(line ?? '').slice(1);
  return (name) => {
    const at = pairs.indexOf(name);
    return at < 0 ? -1 : parseNumber(pairs[at + 1] ?? '');
  };
}
