/**
 * struct tcp_info, include/uapi/linux/tcp.h, filled by tcp_get_info() in net/ipv4/tcp.c. It only ever grows at its end,
 * so a short one is an older kernel's.
 *
 * What its counters tell of a socket in state CLOSE (7), as seen on Linux 6.18. `port` is getsockname's.
 *
 * | what happened                                   | segs in | segs out | received | acked | delivered | port |
 * |-------------------------------------------------|---------|----------|----------|-------|-----------|------|
 * | never bound                                     | 0       | 0        | 0        | 0     | 0         | 0    |
 * | bound, or listened once and shut down           | 0       | 0        | 0        | 0     | 0         | yes  |
 * | connect refused or timed out, told by connect() | 0       | 0        | 0        | 0     | 0         | yes  |
 * | connect refused, told by poll() and SO_ERROR    | 1       | 1        | 0        | 0     | 0         | yes  |
 * | connect timed out, told by poll()               | 0       | SYNs     | 0        | 0     | 0         | yes  |
 * | reset by peer, we had connected, no data        | >= 2    | >= 2     | 0        | 1     | 1         | yes  |
 * | reset by peer, we had accepted, no data         | >= 3    | 0        | 0        | 0     | 1         | yes  |
 * | reset by peer after data                        | more    | more     | bytes    | bytes | more      | yes  |
 * | closed both ways, fd open, we had connected     | >= 3    | >= 4     | >= 1     | >= 2  | >= 2      | yes  |
 * | closed both ways, fd open, we had accepted      | >= 4    | >= 2     | >= 1     | >= 1  | >= 2      | yes  |
 * | dissolved by connect(AF_UNSPEC)                 | 0       | 0        | 0        | 0     | 0         | yes  |
 *
 * A SYN sent counts one acknowledged byte, a FIN one more; a FIN received counts one received byte. Hence, in CLOSE:
 * once connected = acked > 0, or received > 0, or segs in >= 2; refused or timed out = none of these and segs out > 0;
 * ended in order by both sides = received > 0 and acked >= 1, and a reset is not told apart from it once data has flowed.
 * All zero means "never connected, or the kernel wiped it": a blocking connect() that fails wipes every counter.
 * Such a socket is told from a bound one by sock_diag, which lists bound ones only.
 */

const TCP_CLOSE = 7;
const TCP_SYN_SENT = 2;
const LAST_DATA_SENT = 44;
const LAST_DATA_RECEIVED = 52;
const BYTES_ACKED = 120;
const BYTES_RECEIVED = 128;
const SEGMENTS_OUT = 136;
const SEGMENTS_IN = 140;
const DELIVERED = 192;

/** Bytes up to the last field readTcpCounters needs (Linux 4.2). */
export const TCP_COUNTERS_SIZE = 144;

export interface TcpCounters {
  state: number;
  segmentsIn: number;
  segmentsOut: number;
  bytesReceived: number;
  bytesAcked: number;
}

/** The counters, or undefined when the struct is too short to hold them. */
export function readTcpCounters(info: Buffer): TcpCounters | undefined {
  if (info.length < TCP_COUNTERS_SIZE) return undefined;
  return {
    state: info[0]!,
    segmentsIn: info.readUInt32LE(SEGMENTS_IN),
    segmentsOut: info.readUInt32LE(SEGMENTS_OUT),
    bytesReceived: Number(info.readBigUInt64LE(BYTES_RECEIVED)),
    bytesAcked: Number(info.readBigUInt64LE(BYTES_ACKED)),
  };
}

/** Was there ever an established connection? Without it the times count from boot and mean nothing. */
function wasEstablished(bytes: Buffer, at: number, length: number): boolean {
  if (length >= DELIVERED + 4) return bytes.readUInt32LE(at + DELIVERED) > 0;
  return bytes[at] !== TCP_CLOSE && bytes[at] !== TCP_SYN_SENT;
}

/**
 * ms since the last data segment each way, counted from the handshake when there was none; undefined when never connected.
 * The struct lies at `at`, `length` bytes of it: no slice is made, since this runs once per socket of a dump.
 */
export function readTcpTimes(bytes: Buffer, at: number, length: number): { lastSentMs: number; lastReceivedMs: number } | undefined {
  if (length < LAST_DATA_RECEIVED + 4 || !wasEstablished(bytes, at, length)) return undefined;
  return { lastSentMs: bytes.readUInt32LE(at + LAST_DATA_SENT), lastReceivedMs: bytes.readUInt32LE(at + LAST_DATA_RECEIVED) };
}
