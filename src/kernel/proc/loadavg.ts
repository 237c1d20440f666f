/** /proc/loadavg, kernel fs/proc/loadavg.c: `0.47 0.44 0.62 2/634 4711`. */
import type { ByteString } from '../../evidence/types.ts';
import { parseNumber } from './scan.ts';

/** Tasks (threads) of the whole host, whatever the pid namespace of the reader. Null when malformed. */
export function parseTaskCount(text: ByteString): number | null {
  const total = /^\S+ \S+ \S+ \d+\/(\d+) \d+\n$/.exec(text)?.[1];
  return total === undefined ? null : parseNumber(total);
}
