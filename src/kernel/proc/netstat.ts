/** /proc/PID/net/netstat, kernel net/ipv4/proc.c netstat_seq_show: pairs of a line of names and a line of values. */
import type { ByteString } from '../../evidence/types.ts';
import { parseNumber, wholeLines, words } from './scan.ts';

export interface ListenCounters {
  /** Connections dropped as the accept queue was full, since the network namespace began. */
  listenOverflows: number;
  /** Connections dropped by listeners for any reason, overflows included. */
  listenDrops: number;
}

/** Null when one of the counters is missing, cut off or malformed. */
export function parseListenCounters(text: ByteString): ListenCounters | null {
  const [header, row] = wholeLines(text).filter((line) => line.startsWith('TcpExt: '));
  const names = words(header ?? '');
  const values = words(row ?? '');
  const counter = (name: string): number => parseNumber(values[names.indexOf(name)] ?? '');
  const listenOverflows = counter('ListenOverflows');
  const listenDrops = counter('ListenDrops');
  return listenOverflows < 0 || listenDrops < 0 ? null : { listenOverflows, listenDrops };
}
