/** Internet addresses of /proc/net as text. */
import type { ByteString } from '../../evidence/types.ts';
import { parseHex } from './scan.ts';

export type ByteOrder = 'LE' | 'BE';

/**
 * Address as /proc/net prints it: 8 (IPv4) or 32 (IPv6) hexadecimal digits, each 8 of them one 32-bit word of network
 * order bytes read as a number of the host's byte order (net/ipv4/tcp_ipv4.c get_tcp4_sock prints `%08X` of a __be32).
 */
export function inetAddress(hex: ByteString, order: ByteOrder): string {
  if (hex.length === 8) {
    const [a, b, c, d] = wordBytes(hex, 0, order);
    return `${a}.${b}.${c}.${d}`;
  }
  return formatIPv6([0, 8, 16, 24].flatMap((at) => wordBytes(hex, at, order)));
}

function wordBytes(hex: ByteString, at: number, order: ByteOrder): [number, number, number, number] {
  const word = parseHex(hex, at, at + 8);
  const first = (word >>> 24) & 255;
  const second = (word >>> 16) & 255;
  const third = (word >>> 8) & 255;
  const fourth = word & 255;
  return order === 'BE' ? [first, second, third, fourth] : [fourth, third, second, first];
}

/**
 * RFC 5952 text of 16 bytes, without brackets: lower case, the first longest run of two or more zero groups as `::`,
 * IPv4-mapped addresses as `::ffff:192.0.2.1`.
 */
export function formatIPv6(bytes: ArrayLike<number>): string {
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0));
  if (groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0)) {
    return `::ffff:${bytes[12]}.${bytes[13]}.${bytes[14]}.${bytes[15]}`;
  }
  const { start, length } = longestZeroRun(groups);
  const text = groups.map((group) => group.toString(16));
  if (length < 2) return text.join(':');
  return `${text.slice(0, start).join(':')}::${text.slice(start + length).join(':')}`;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let length = 0;
  groups.forEach((group, i) => {
    length = group === 0 ? length + 1 : 0;
    if (length > best.length) best = { start: i - length + 1, length };
  });
  return best;
}
