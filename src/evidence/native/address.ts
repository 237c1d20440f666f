/** Internet addresses from their bytes in network order. Callers have checked that the bytes are there. */

export const AF_INET = 2;
export const AF_INET6 = 10;

function ipv4(bytes: Buffer, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
}

/** Start and length of the first longest run of at least two zero groups; length 0 when there is none. */
function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length > 1 && length > best.length) best = { start, length };
    start += length;
  }
  return best;
}

/** RFC 5952 text; v4-mapped addresses as `::ffff:192.0.2.1`. */
function ipv6(bytes: Buffer, at: number): string {
  const groups: number[] = [];
  for (let index = 0; index < 8; index++) groups.push(bytes.readUInt16BE(at + index * 2));
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) return `::ffff:${ipv4(bytes, at + 12)}`;
  const run = longestZeroRun(groups);
  const hex = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  if (run.length === 0) return hex(groups);
  return `${hex(groups.slice(0, run.start))}::${hex(groups.slice(run.start + run.length))}`;
}

/** Without a port, and IPv6 without brackets. */
export function addressText(family: number, bytes: Buffer, at: number): string {
  return family === AF_INET6 ? ipv6(bytes, at) : ipv4(bytes, at);
}

/** `192.0.2.1:80` or `[2001:db8::1]:80`; `at` is the offset of 4 (AF_INET) or 16 address bytes. */
export function endpoint(family: number, bytes: Buffer, at: number, port: number): string {
  const address = addressText(family, bytes, at);
  return family === AF_INET6 ? `[${address}]:${port}` : `${address}:${port}`;
}
