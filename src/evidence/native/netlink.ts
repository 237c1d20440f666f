/**
 * Netlink messages in bytes, without sockets: include/uapi/linux/netlink.h (struct nlmsghdr, struct nlattr).
 * Little endian: the machines we support are. Nothing here throws on any bytes.
 */

const HEADER = 16;
const ATTRIBUTE_HEADER = 4;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NLM_F_REQUEST = 0x1;
const NLM_F_DUMP = 0x300;
const NLM_F_DUMP_INTR = 0x10;
/** Upper bits of an attribute's type are flags (NLA_F_NESTED, NLA_F_NET_BYTEORDER). */
const ATTRIBUTE_TYPE_MASK = 0x3fff;

export interface DumpProgress {
  /** The end of the dump was in these bytes. */
  done: boolean;
  /** The kernel says the table changed under the dump (NLM_F_DUMP_INTR): rows may be missing or double. */
  interrupted: boolean;
  /** A message was cut or impossible: what follows it was not read. */
  malformed: boolean;
  /** Positive errno number of a refusal, else 0. */
  errno: number;
}

function align4(length: number): number {
  return (length + 3) & ~3;
}

/** A dump request: header and payload. */
export function encodeDumpRequest(type: number, sequence: number, payload: Buffer): Buffer {
  const message = Buffer.alloc(HEADER + payload.length);
  message.writeUInt32LE(message.length, 0);
  message.writeUInt16LE(type, 4);
  message.writeUInt16LE(NLM_F_REQUEST | NLM_F_DUMP, 6);
  message.writeUInt32LE(sequence, 8);
  payload.copy(message, HEADER);
  return message;
}

/**
 * Walks the messages of one recv(), or of a whole captured dump. Rows of other requests (sequence) are passed over.
 * `row` gets the bounds of a payload and returns false when it cannot be one.
 */
export function readDump(bytes: Buffer, sequence: number, row: (type: number, start: number, end: number) => boolean): DumpProgress {
  const progress: DumpProgress = { done: false, interrupted: false, malformed: false, errno: 0 };
  let at = 0;
  while (at < bytes.length && !progress.done && progress.errno === 0) {
    const length = at + HEADER <= bytes.length ? bytes.readUInt32LE(at) : 0;
    const end = at + length;
    if (length < HEADER || end > bytes.length) return { ...progress, malformed: true };
    if (bytes.readUInt32LE(at + 8) === sequence) {
      const type = bytes.readUInt16LE(at + 4);
      if ((bytes.readUInt16LE(at + 6) & NLM_F_DUMP_INTR) !== 0) progress.interrupted = true;
      const start = at + HEADER;
      if (type === NLMSG_DONE) {
        progress.done = true;
        // Since 4.x the end carries the error of the dump, 0 when it went well.
        if (end - start >= 4) progress.errno = Math.abs(bytes.readInt32LE(start));
      } else if (type === NLMSG_ERROR) {
        if (end - start < 4) return { ...progress, malformed: true };
        progress.errno = Math.abs(bytes.readInt32LE(start));
      } else if (!row(type, start, end)) {
        return { ...progress, malformed: true };
      }
    }
    at += align4(length);
  }
  return progress;
}

/** Calls `visit` with the bounds of each attribute's value; stops at the first that does not fit. */
export function eachAttribute(bytes: Buffer, from: number, end: number, visit: (type: number, start: number, end: number) => void): void {
  let at = from;
  while (at + ATTRIBUTE_HEADER <= end) {
    const length = bytes.readUInt16LE(at);
    if (length < ATTRIBUTE_HEADER || at + length > end) return;
    visit(bytes.readUInt16LE(at + 2) & ATTRIBUTE_TYPE_MASK, at + ATTRIBUTE_HEADER, at + length);
    at += align4(length);
  }
}
