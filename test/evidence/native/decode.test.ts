import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeInetSocket, encodeInetRequest } from '../../../src/evidence/native/inet-diag.ts';
import { encodeDumpRequest } from '../../../src/evidence/native/netlink.ts';
import { decodeDump } from '../../../src/evidence/native/sock-diag.ts';
import { decodeUnixSocket, encodeUnixRequest } from '../../../src/evidence/native/unix-diag.ts';
import { attribute, done, type InetRow, inetRow, message, refusal, tcpInfo, u32, unixRow } from './messages.ts';

const SEQUENCE = 7;
const row: InetRow = {
  family: 2, state: 1, localPort: 8080, remotePort: 40_000, localAddress: [127, 0, 0, 1], remoteAddress: [192, 0, 2, 9],
  receiveQueue: 5, sendQueue: 6, inode: 4_294_967_295, info: tcpInfo(10, 20, 1),
};
const inet = (...messages: Buffer[]): ReturnType<typeof decodeDump> => decodeDump(Buffer.concat(messages), SEQUENCE, decodeInetSocket);
const only = (changes: Partial<InetRow>): unknown => inet(inetRow({ ...row, ...changes }, SEQUENCE)).sockets[0];

const u32s = fc.integer({ min: 0, max: 0xffff_ffff });
const port = fc.integer({ min: 0, max: 0xffff });
const rows = fc.record({
  family: fc.constantFrom<2 | 10>(2, 10), state: fc.integer({ min: 1, max: 12 }), localPort: port, remotePort: port,
  localAddress: fc.array(fc.nat(255), { minLength: 4, maxLength: 4 }), remoteAddress: fc.array(fc.nat(255), { minLength: 4, maxLength: 4 }),
  receiveQueue: u32s, sendQueue: u32s, inode: u32s,
});

describe('requests', () => {
  it('asks for every state, bound and idle sockets included, with tcp_info', () => {
    const request = encodeDumpRequest(20, 9, encodeInetRequest(10));
    expect(request.toString('hex')).toBe(`48000000${'1400'}${'0103'}${'09000000'}${'00000000'}0a060200${'ffffffff'}${'00'.repeat(48)}`);
  });

  it('asks unix sockets for peer, pending connects and queue', () => {
    const header = `28000000${'1400'}${'0103'}${'09000000'}${'00000000'}`;
    const request = encodeDumpRequest(20, 9, encodeUnixRequest());
    expect(request.toString('hex')).toBe(`${header}01000000${'ffffffff'}${'00000000'}${'1c000000'}${'00'.repeat(8)}`);
  });
});

describe('inet_diag rows', () => {
  it('decodes a connection', () => {
    expect(inet(inetRow(row, SEQUENCE), done(SEQUENCE))).toEqual({
      sockets: [{
        protocol: 'tcp', state: 1, inode: '4294967295', local: '127.0.0.1:8080', remote: '192.0.2.9:40000',
        receiveQueue: 5, sendQueue: 6, lastSentMs: 10, lastReceivedMs: 20,
      }],
      done: true, interrupted: false, malformed: false, errno: 0,
    });
  });

  it('gives a listener its queue and backlog, no remote end and no times', () => {
    expect(only({ state: 10, remotePort: 0, info: tcpInfo(0, 0, 3, 10) })).toEqual({
      protocol: 'tcp', state: 10, inode: '4294967295', local: '127.0.0.1:8080', receiveQueue: 5, sendQueue: 6,
    });
  });

  it('gives no times to what never was connected: they count from boot there', () => {
    expect(only({ state: 7, info: tcpInfo(935_472, 935_472, 0, 7) })).not.toHaveProperty('lastSentMs');
    expect(only({ state: 2, info: tcpInfo(935_472, 935_472, 0, 2, 160) })).not.toHaveProperty('lastSentMs');
    expect(only({ state: 7, info: tcpInfo(40, 50, 2, 7) })).toMatchObject({ lastSentMs: 40, lastReceivedMs: 50 });
    expect(only({ state: 8, info: tcpInfo(40, 50, 0, 8, 160) })).toMatchObject({ lastSentMs: 40, lastReceivedMs: 50 });
    expect(only({ info: tcpInfo(40, 50, 1, 1, 55) })).not.toHaveProperty('lastReceivedMs');
  });

  it('decodes IPv6', () => {
    const localAddress = [...new Array<number>(15).fill(0), 1];
    expect(only({ family: 10, localAddress, remotePort: 0 })).toMatchObject({ protocol: 'tcp6', local: '[::1]:8080' });
  });

  it('decodes whatever rows there are', () => {
    fc.assert(fc.property(fc.array(rows, { maxLength: 20 }), (given) => {
      const found = inet(...given.map((one) => inetRow(one, SEQUENCE)), done(SEQUENCE));
      expect(found.done).toBe(true);
      const seen = found.sockets.map((one) => [
        one.protocol, one.state, one.receiveQueue, one.sendQueue, one.inode, one.remote !== undefined,
      ]);
      expect(seen).toEqual(given.map((one) => [
        one.family === 2 ? 'tcp' : 'tcp6', one.state, one.receiveQueue, one.sendQueue, String(one.inode), one.remotePort !== 0,
      ]));
    }));
  });
});

describe('unix_diag rows', () => {
  function unix(...attributes: Buffer[]): unknown {
    return decodeDump(unixRow(10, 99, attributes, SEQUENCE), SEQUENCE, decodeUnixSocket).sockets[0];
  }

  it('decodes peer, pending connects and queue', () => {
    expect(unix(attribute(2, u32(55)), attribute(3, u32(7, 0, 8)), attribute(4, u32(3, 128)))).toEqual({
      protocol: 'unix', state: 10, inode: '99', receiveQueue: 3, sendQueue: 128, peerInode: '55', pendingInodes: ['7', '8'],
    });
  });

  it('tells no peer when the peer is closed', () => {
    expect(unix(attribute(2, u32(0)))).toEqual({ protocol: 'unix', state: 10, inode: '99', receiveQueue: 0, sendQueue: 0 });
  });

  it('passes over flags in an attribute type and over attributes that are too short', () => {
    expect(unix(attribute(0x8002, u32(55)), attribute(4, Buffer.alloc(7)))).toMatchObject({ peerInode: '55', receiveQueue: 0 });
  });
});

describe('messages of a dump', () => {
  it('tells refusals, of the request and at the end', () => {
    expect(inet(refusal(SEQUENCE, 2))).toMatchObject({ errno: 2, done: false });
    expect(inet(inetRow(row, SEQUENCE), done(SEQUENCE, 12))).toMatchObject({ errno: 12, done: true });
  });

  it('tells that the table changed under the dump', () => {
    expect(inet(inetRow(row, SEQUENCE, 2 | 0x10), done(SEQUENCE)).interrupted).toBe(true);
  });

  it('passes over messages of other requests and of other types', () => {
    expect(inet(inetRow(row, 6), refusal(6, 2), message(1, Buffer.alloc(4), SEQUENCE))).toEqual({
      sockets: [], done: false, interrupted: false, malformed: false, errno: 0,
    });
  });

  it('takes a row of another family, or too short for one, as malformed', () => {
    expect(inet(message(20, Buffer.alloc(72), SEQUENCE)).malformed).toBe(true);
    expect(inet(message(20, Buffer.alloc(71, 2), SEQUENCE)).malformed).toBe(true);
    expect(decodeDump(message(20, Buffer.alloc(72, 2), SEQUENCE), SEQUENCE, decodeUnixSocket).malformed).toBe(true);
  });

  it('never takes a cut dump for a whole one', () => {
    const whole = Buffer.concat([inetRow(row, SEQUENCE), inetRow(row, SEQUENCE), done(SEQUENCE)]);
    for (let length = 0; length < whole.length; length++) {
      const cut = inet(whole.subarray(0, length));
      expect(cut.done, `cut to ${length}`).toBe(false);
      expect(cut.sockets.length).toBeLessThanOrEqual(2);
    }
  });

  it('survives any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (bytes, unix) => {
      decodeDump(Buffer.from(bytes), 0, unix ? decodeUnixSocket : decodeInetSocket);
    }), { numRuns: 500 });
  });

  it('survives any damage to a true dump', () => {
    const inetDump = Buffer.concat([inetRow(row, SEQUENCE), inetRow({ ...row, family: 10 }, SEQUENCE), done(SEQUENCE)]);
    const attributes = [attribute(2, u32(1)), attribute(3, u32(2, 3)), attribute(4, u32(4, 5))];
    const unixDump = Buffer.concat([unixRow(1, 5, attributes, SEQUENCE), done(SEQUENCE)]);
    const damage = fc.array(fc.tuple(fc.nat(1000), fc.nat(255)), { minLength: 1, maxLength: 8 });
    fc.assert(fc.property(damage, fc.boolean(), (places, unix) => {
      const bytes = Buffer.from(unix ? unixDump : inetDump);
      for (const [place, value] of places) bytes[place % bytes.length] = value;
      const found = decodeDump(bytes, SEQUENCE, unix ? decodeUnixSocket : decodeInetSocket);
      expect(found.sockets.length).toBeLessThanOrEqual(bytes.length / 32);
    }), { numRuns: 1000 });
  });
});
