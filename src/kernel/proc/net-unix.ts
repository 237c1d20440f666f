/** /proc/net/unix, kernel net/unix/af_unix.c unix_seq_show. */
import type { ByteString } from '../../evidence/types.ts';
import type { SocketRow } from '../types.ts';
import { isDecimal, parseHex, skipSpaces, skipWord } from './scan.ts';

/** include/linux/net.h: the socket listens. */
const SO_ACCEPTCON = 0x10000;
/** socket_state of include/uapi/linux/net.h, by number. */
const STATES = ['FREE', 'UNCONNECTED', 'CONNECTING', 'CONNECTED', 'DISCONNECTING'];
const TYPES: Record<number, NonNullable<SocketRow['unixType']>> = { 1: 'stream', 2: 'dgram', 5: 'seqpacket' };

/** Where the columns of a row header are. */
interface Header {
  colon: number;
  inodeFrom: number;
  inodeTo: number;
}

/**
 * Visits the rows of the table in its order; `wanted` is asked first, with the inode in decimal (`0`: a connection
 * nobody has accepted, in state CONNECTING). The kernel prints names raw: a line that is no row header continues the name
 * before it. So a name that holds a newline and a whole false header makes a false row, which nothing in the text tells
 * from a true one: who needs certainty asks sock_diag. A last row without its newline is skipped.
 */
export function scanUnix(text: ByteString, visit: (row: SocketRow) => void, wanted?: (inode: string) => boolean): void {
  let next = 0;
  for (let start = 0; ; start = next) {
    let end = text.indexOf('\n', start);
    if (end < 0) return;
    next = end + 1;
    const header = headerAt(text, start, end);
    if (!header) continue;
    let path: ByteString | undefined;
    if (header.inodeTo < end) {
      for (let more = text.indexOf('\n', next); more >= 0 && !headerAt(text, next, more); more = text.indexOf('\n', next)) {
        end = more;
        next = more + 1;
      }
      path = text.slice(header.inodeTo + 1, end);
    }
    const inode = text.slice(header.inodeFrom, header.inodeTo);
    if (!wanted || wanted(inode)) visit(makeRow(text, header.colon, inode, path));
  }
}

/** `%pK: %08X %08X %08X %04X %02X %5lu`: pointer, references, protocol, flags, type, state, inode. */
function headerAt(text: ByteString, start: number, end: number): Header | null {
  const colon = pointerEnd(text, start);
  if (colon < 0) return null;
  const inodeFrom = skipSpaces(text, colon + 37, end);
  const inodeTo = skipWord(text, inodeFrom, end);
  const whole =
    parseHex(text, colon + 2, colon + 10) >= 0 &&
    parseHex(text, colon + 11, colon + 19) >= 0 &&
    parseHex(text, colon + 20, colon + 28) >= 0 &&
    parseHex(text, colon + 29, colon + 33) >= 0 &&
    parseHex(text, colon + 34, colon + 36) >= 0 &&
    text[colon + 36] === ' ' &&
    isDecimal(text, inodeFrom, inodeTo);
  return whole ? { colon, inodeFrom, inodeTo } : null;
}

/** Index of the colon after the pointer of 64 or 32 bits, -1 when there is none. Early after boot it reads `(____ptrval____)`. */
function pointerEnd(text: ByteString, start: number): number {
  for (const width of [16, 8]) {
    const colon = start + width;
    if (text[colon] !== ':') continue;
    if (text[start] === '(' || parseHex(text, start, colon) >= 0) return colon;
  }
  return -1;
}

function makeRow(text: ByteString, colon: number, inode: string, path: ByteString | undefined): SocketRow {
  const listening = (parseHex(text, colon + 20, colon + 28) & SO_ACCEPTCON) !== 0;
  const state = parseHex(text, colon + 34, colon + 36);
  const type = TYPES[parseHex(text, colon + 29, colon + 33)];
  const row: SocketRow = { protocol: 'unix', inode, state: listening ? 'LISTEN' : (STATES[state] ?? `UNKNOWN_${state}`) };
  if (type) row.unixType = type;
  if (path !== undefined) row.path = path;
  return row;
}
