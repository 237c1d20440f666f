/** /proc/PID/net/netstat, kernel net/ipv4/proc.c netstat_seq_show: pairs of a line of names and a line of values. */
import type { ByteString } from '../../evidence/types.ts';
import { parseNumber, wholeLines, words } from './scan.ts';

export interface ListenCounters {
  /** Connections dropped as the accept queue was full, since the network namespace began. */
  listenOverflows: number;
  /** Connections dropped by listeners for any reason, overflows included. */
  listenDrops: number;
}

/** All counters of the lines that begin with `TcpExt:`, by name; those that are cut off or malformed are left out. */
export function parseTcpCounters(text: ByteString): Map<string, number> {
  const [header, row] = wholeLines(text).filter((line) => line.startsWith('TcpExt: '));
  const values = words(row ?? '');
  const counters = new Map<string, number>();
  words(header ?? '').forEach((name, index) => {
    const value = parseNumber(values[index] ?? '');
    if (index > 0 && value >= 0) counters.set(name, value);
  });
  return counters;
}

/** Null when one of the counters is missing, cut off or malformed. */
export function parseListenCounters(text: ByteString): ListenCounters | null {
  const counters = parseTcpCounters(text);
  const listenOverflows = counters.get('ListenOverflows');
  const listenDrops = counters.get('ListenDrops');
  return listenOverflows === undefined || listenDrops === undefined ? null : { listenOverflows, listenDrops };
}
