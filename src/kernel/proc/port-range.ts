/** /proc/sys/net/ipv4/ip_local_port_range and ip_local_reserved_ports: which ports the kernel gives to a connect() without a bind(). */
import type { ByteString } from '../../evidence/types.ts';
import { parseNumber, words } from './scan.ts';

const MOST = 65_535;

export interface PortRange {
  first: number;
  last: number;
}

/** `32768	60999`, both of them included. Null when malformed. */
export function parsePortRange(text: ByteString): PortRange | null {
  const [first = -1, last = -1, ...more] = words(text.trim().replaceAll('\t', ' ')).map((word) => parseNumber(word));
  return first < 0 || last < first || last > MOST || more.length > 0 ? null : { first, last };
}

/** `8080,9148-9200` (kernel/sysctl.c proc_do_large_bitmap); empty for none. Null when malformed. */
export function parsePortList(text: ByteString): PortRange[] | null {
  const parts = text.trim().split(',').filter((part) => part !== '');
  const ranges = parts.map((part) => {
    const [from = '', to = from] = part.split('-');
    const [first, last] = [parseNumber(from), parseNumber(to)];
    return first < 0 || last < first || last > MOST ? null : { first, last };
  });
  return ranges.every((range) => range !== null) ? ranges : null;
}
