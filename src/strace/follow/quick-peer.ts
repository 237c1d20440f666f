/** The other side of an accepted connection: `{sa_family=AF_INET, sin_port=htons(41234), sin_addr=inet_addr("10.0.0.7")}`. */
import type { ByteString } from '../../evidence/types.ts';

const FAMILY = '{sa_family=AF_INET, sin_port=htons(';
const ADDRESS = '), sin_addr=inet_addr("';

export interface Peer {
  /** Four bytes, the first one highest. */
  host: number;
  port: number;
}

/** False for other families, and where nothing is printed. */
export function readPeer(peer: Peer, buf: Uint8Array, text: ByteString, from: number, to: number): boolean {
  let i = from;
  while (i < to && buf[i] !== 123) i++;
  if (!text.startsWith(FAMILY, i)) return false;
  i += FAMILY.length;
  let port = 0;
  for (let c = buf[i]!; c >= 48 && c <= 57; c = buf[++i]!) port = port * 10 + (c - 48);
  if (port === 0 || port > 65_535 || !text.startsWith(ADDRESS, i)) return false;
  i += ADDRESS.length;
  let host = 0;
  let part = 0;
  let dots = 0;
  let c = buf[i]!;
  for (; i < to && c !== 34; c = buf[++i]!) {
    if (c === 46) {
      host = (host << 8) | part;
      part = 0;
      dots++;
    } else if (c >= 48 && c <= 57) part = part * 10 + (c - 48);
    else return false;
    if (part > 255) return false;
  }
  if (dots !== 3 || c !== 34) return false;
  peer.host = (host << 8) | part;
  peer.port = port;
  return true;
}
