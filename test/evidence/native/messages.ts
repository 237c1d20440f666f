/** Builds netlink answers as the kernel would, for the decoders' tests. */

export interface InetRow {
  family: 2 | 10;
  state: number;
  localPort: number;
  remotePort: number;
  /** 4 or 16 bytes. */
  localAddress: readonly number[];
  remoteAddress: readonly number[];
  receiveQueue: number;
  sendQueue: number;
  inode: number;
  info?: Buffer;
}

export function message(type: number, payload: Buffer, sequence: number, flags = 2): Buffer {
  const bytes = Buffer.alloc((16 + payload.length + 3) & ~3);
  bytes.writeUInt32LE(16 + payload.length, 0);
  bytes.writeUInt16LE(type, 4);
  bytes.writeUInt16LE(flags, 6);
  bytes.writeUInt32LE(sequence, 8);
  payload.copy(bytes, 16);
  return bytes;
}

export function attribute(type: number, value: Buffer): Buffer {
  const bytes = Buffer.alloc((4 + value.length + 3) & ~3);
  bytes.writeUInt16LE(4 + value.length, 0);
  bytes.writeUInt16LE(type, 2);
  value.copy(bytes, 4);
  return bytes;
}

export function done(sequence: number, errno = 0): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeInt32LE(-errno, 0);
  return message(3, payload, sequence);
}

export function refusal(sequence: number, errno: number): Buffer {
  const payload = Buffer.alloc(20);
  payload.writeInt32LE(-errno, 0);
  return message(2, payload, sequence);
}

/** struct tcp_info as of Linux 6.x (232 bytes), cut to `length`. */
export function tcpInfo(lastSentMs: number, lastReceivedMs: number, delivered: number, state = 1, length = 232): Buffer {
  const info = Buffer.alloc(232);
  info[0] = state;
  info.writeUInt32LE(lastSentMs, 44);
  info.writeUInt32LE(lastReceivedMs, 52);
  info.writeUInt32LE(delivered, 192);
  return info.subarray(0, length);
}

export function inetRow(row: InetRow, sequence: number, flags = 2): Buffer {
  const body = Buffer.alloc(72);
  body[0] = row.family;
  body[1] = row.state;
  body.writeUInt16BE(row.localPort, 4);
  body.writeUInt16BE(row.remotePort, 6);
  Buffer.from(row.localAddress).copy(body, 8);
  Buffer.from(row.remoteAddress).copy(body, 24);
  body.writeUInt32LE(row.receiveQueue, 56);
  body.writeUInt32LE(row.sendQueue, 60);
  body.writeUInt32LE(row.inode, 68);
  return message(20, row.info === undefined ? body : Buffer.concat([body, attribute(2, row.info)]), sequence, flags);
}

export function u32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value, index * 4);
  return bytes;
}

export function unixRow(state: number, inode: number, attributes: readonly Buffer[], sequence: number): Buffer {
  const body = Buffer.alloc(16);
  body[0] = 1;
  body[1] = 1;
  body[2] = state;
  body.writeUInt32LE(inode, 4);
  return message(20, Buffer.concat([body, ...attributes]), sequence);
}
