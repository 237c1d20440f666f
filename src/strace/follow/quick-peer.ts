/** The other side of an accepted connection: `{sa_family=AF_INET, sin_port=htons(41234), sin_addr=inet_addr("10.0.0.7")}`. */
/** Where the words stand behind the bracket, four bytes of each, as a number. */
const FAMILY = 11;
const PORT = 20;
const HTONS = 29;
const DIGITS = 35;
const ADDRESS = 3;
const INET = 12;
const HOST = 23;
const word = (text: string): number => Buffer.from(text, 'latin1').readUInt32BE();
const WORD = { afI: word('AF_I'), net: word('NET,'), sin: word('sin_'), hton: word('hton'), inet: word('inet') };

export interface Peer {
  /** Four bytes, the first one highest. */
  host: number;
  port: number;
}

/** False for other families, and where nothing is printed. */
export function readPeer(peer: Peer, buf: Uint8Array, view: DataView, from: number, to: number): boolean {
  let i = from;
  while (i < to && buf[i] !== 123) i++;
  if (i + DIGITS + HOST > to) return false;
  if (view.getUint32(i + FAMILY) !== WORD.afI || view.getUint32(i + FAMILY + 4) !== WORD.net || view.getUint32(i + PORT) !== WORD.sin || view.getUint32(i + HTONS) !== WORD.hton) return false;
  i += DIGITS;
  let port = 0;
  for (let c = buf[i]!; c >= 48 && c <= 57; c = buf[++i]!) port = port * 10 + (c - 48);
  if (port === 0 || port > 65_535 || i + HOST > to || view.getUint32(i + ADDRESS) !== WORD.sin || view.getUint32(i + INET) !== WORD.inet || buf[i + HOST - 1] !== 34) return false;
  i += HOST;
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
