/** What sock_diag lists against what /proc/net prints, of sockets in many states; and the keeping of its rows, against canned ones. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InetRecords } from '../../../src/evidence/native/inet-records.ts';
import { scanInetSockets } from '../../../src/kernel/proc/inet-sockets.ts';
import { scanInet } from '../../../src/kernel/proc/net-inet.ts';
import type { SocketRow } from '../../../src/kernel/types.ts';
import { inetRow } from './messages.ts';
import { describeWith, holder, native, socketInode, until } from './support.ts';

function byDiag(family: 'tcp' | 'udp', inodes: ReadonlySet<string>): SocketRow[] {
  const rows: SocketRow[] = [];
  scanInetSockets(native().inetSockets!(family), family, (row) => rows.push(row), (inode) => inodes.has(inode));
  return rows;
}

function byText(family: 'tcp' | 'udp', inodes: ReadonlySet<string>): SocketRow[] {
  const rows: SocketRow[] = [];
  for (const protocol of [family, `${family}6`] as const) {
    scanInet(readFileSync(`/proc/net/${protocol}`, 'latin1'), protocol, (row) => rows.push(row), (inode) => inodes.has(inode));
  }
  return rows;
}

function inOrder(rows: readonly SocketRow[]): SocketRow[] {
  return rows.toSorted((a, b) => Number(a.inode) - Number(b.inode));
}

describeWith('sockets by sock_diag', ['native', 'python'], () => {
  it('are the rows of /proc/net: states, addresses, ports, queues and users', async () => {
    const { pid, ready } = await holder<{ fds: number[] }>(`
import socket
l = listener(3); waiting = tcp(); waiting.connect(l.getsockname())
a, c = pair(); c.send(b'unread'); b, d = pair(); d.close(); until(lambda: state(b) == 8)
six = socket.socket(socket.AF_INET6, socket.SOCK_STREAM); six.bind(('::', 0)); six.listen(2)
mapped = tcp(); mapped.connect(('127.0.0.1', six.getsockname()[1])); taken = six.accept()[0]
bound = tcp(); bound.bind(('127.0.0.1', 0))
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(('127.0.0.1', 0))
v = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); v.bind(('::1', 0)); w = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
w.connect(v.getsockname()[:2]); w.send(b'waits')
say({'fds': [s.fileno() for s in (l, waiting, a, c, b, six, mapped, taken, bound, u, v, w)]})`);
    const inodes = new Set(ready.fds.map((fd) => socketInode(pid, fd)!));
    // Bytes on their way arrive between two looks.
    const tcp = await until(() => byText('tcp', inodes), (rows) => rows.some((row) => row.state === 'ESTABLISHED' && row.receiveQueue === 6));
    expect(tcp.map(({ state }) => state)).toEqual(expect.arrayContaining(['LISTEN', 'ESTABLISHED', 'CLOSE_WAIT']));
    expect(inOrder(byDiag('tcp', inodes))).toEqual(inOrder(byText('tcp', inodes)));
    expect(inOrder(byDiag('udp', inodes))).toEqual(inOrder(byText('udp', inodes)));
    expect(byText('udp', inodes)).toHaveLength(3);
  });
});

const byte = fc.integer({ min: 0, max: 255 });
const word = fc.integer({ min: 0, max: 0xffffffff });
const port = fc.integer({ min: 0, max: 65535 });
const canned = fc.constantFrom(2 as const, 10 as const).chain((family) => {
  const address = fc.array(byte, { minLength: family === 2 ? 4 : 16, maxLength: family === 2 ? 4 : 16 });
  return fc.record({
    family: fc.constant(family), state: fc.integer({ min: 1, max: 12 }), localPort: port, remotePort: port,
    localAddress: address, remoteAddress: address, receiveQueue: word, sendQueue: word, inode: word,
  });
});

describe('kept rows', () => {
  it('give back what came, however many', () => {
    fc.assert(fc.property(fc.array(canned, { minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 20 }), (rows, times) => {
      const records = new InetRecords();
      const many = Array.from({ length: times }, () => rows).flat();
      for (const row of many) {
        const message = inetRow(row, 1);
        expect(records.add(message, 16, message.length)).toBe(true);
      }
      expect(records.count).toBe(many.length);
      many.forEach((row, index) => {
        expect([records.isIpv6(index), records.state(index), records.localPort(index), records.remotePort(index), records.inode(index)])
          .toEqual([row.family === 10, row.state, row.localPort, row.remotePort, row.inode]);
        expect([records.receiveQueue(index), records.sendQueue(index)]).toEqual([row.receiveQueue, row.sendQueue]);
        if (row.family === 2) expect([records.localAddress(index), records.remoteAddress(index)]).toEqual([row.localAddress.join('.'), row.remoteAddress.join('.')]);
      });
    }), { numRuns: 30 });
  });

  it('refuse what is cut or of another family', () => {
    const records = new InetRecords();
    expect(records.add(Buffer.alloc(72), 0, 72)).toBe(false);
    expect(records.add(Buffer.alloc(72, 2), 0, 71)).toBe(false);
    expect(records.count).toBe(0);
  });
});
