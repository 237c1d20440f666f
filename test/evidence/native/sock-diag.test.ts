import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { DiagSocket } from '../../../src/evidence/types.ts';
import { describeWith, holder, native, socketInode, until } from './support.ts';

const [major = 0, minor = 0] = release().split('.').map(Number);
/** Linux lists bound sockets that do not listen since 6.8. */
const LISTS_BOUND = major > 6 || (major === 6 && minor >= 8);

function find(family: 'tcp' | 'unix', pid: number, fd: number): DiagSocket | undefined {
  const inode = socketInode(pid, fd);
  return native().sockDiag(family).find((socket) => socket.inode === inode);
}

describeWith('sock_diag of TCP', ['native', 'python'], () => {
  it('tells the accept queue and the backlog of a listener', async () => {
    const { pid, ready } = await holder<{ fd: number; port: number }>(`
l = listener(1); clients = [tcp(), tcp()]
for c in clients: c.connect(l.getsockname())
say({'fd': l.fileno(), 'port': l.getsockname()[1]})`);
    const socket = await until(() => find('tcp', pid, ready.fd), (one) => one?.receiveQueue === 2);
    expect(socket).toMatchObject({ protocol: 'tcp', state: 10, local: `127.0.0.1:${ready.port}`, receiveQueue: 2, sendQueue: 1 });
    expect(socket).not.toHaveProperty('remote');
    expect(socket).not.toHaveProperty('lastSentMs');
    const waiting = native().sockDiag('tcp').filter((one) => one.local === `127.0.0.1:${ready.port}` && one.inode === '0');
    expect(waiting.map((one) => one.state)).toEqual([1, 1]);
  });

  it('tells how long a CLOSE_WAIT socket has been idle', async () => {
    const { pid, ready } = await holder<{ fd: number; peer: string }>(`
a, c = pair(); peer = '%s:%d' % c.getsockname(); c.send(b'hello'); c.close()
until(lambda: state(a) == 8)
say({'fd': a.fileno(), 'peer': peer})`);
    const first = find('tcp', pid, ready.fd);
    // 5 bytes and, while the end of stream is unread, one more.
    expect(first).toMatchObject({ state: 8, remote: ready.peer, receiveQueue: 6, sendQueue: 0 });
    expect(first?.lastReceivedMs).toBeLessThan(20_000);
    const later = await until(() => find('tcp', pid, ready.fd), (one) => (one?.lastReceivedMs ?? 0) > (first?.lastReceivedMs ?? 0));
    expect(later?.lastSentMs).toBeGreaterThanOrEqual(later?.lastReceivedMs ?? 0);
  });

  it('lists what is bound and does not listen, without times; what is not bound is not there', async () => {
    const { pid, ready } = await holder<{ bound: number; port: number; loose: number }>(`
b = tcp(); b.bind(('127.0.0.1', 0)); s = tcp()
say({'bound': b.fileno(), 'port': b.getsockname()[1], 'loose': s.fileno()})`);
    expect(find('tcp', pid, ready.loose)).toBeUndefined();
    const bound = find('tcp', pid, ready.bound);
    expect(bound).toEqual(LISTS_BOUND ? {
      protocol: 'tcp', state: 7, inode: socketInode(pid, ready.bound), local: `127.0.0.1:${ready.port}`, receiveQueue: 0, sendQueue: 0,
    } : undefined);
  });

  it('finds every socket of a table that needs many answers', async () => {
    const { pid, ready } = await holder<{ fds: number[] }>(`
l = listener(5); kept = []
for _ in range(150):
    c = tcp(); c.connect(l.getsockname()); kept += [c, l.accept()[0]]
say({'fds': [s.fileno() for s in kept]})`);
    const listed = new Map(native().sockDiag('tcp').map((socket) => [socket.inode, socket]));
    const found = ready.fds.map((fd) => listed.get(socketInode(pid, fd))?.state);
    expect(found).toEqual(new Array(300).fill(1));
  });

  it('tells IPv6 listeners of this very process, and leaves no descriptor behind', async () => {
    const server = createServer();
    try {
      const listening = await new Promise<boolean>((resolve) => {
        server.once('error', () => resolve(false));
        server.listen({ host: '::1', port: 0, backlog: 7 }, () => resolve(true));
      });
      if (!listening) await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0, backlog: 7 }, resolve));
      const { port } = server.address() as { port: number };
      const local = listening ? `[::1]:${port}` : `127.0.0.1:${port}`;
      const before = readdirSync('/proc/self/fd').length;
      const sockets = native().sockDiag('tcp');
      expect(readdirSync('/proc/self/fd').length).toBe(before);
      const protocol = listening ? 'tcp6' : 'tcp';
      expect(sockets.find((socket) => socket.local === local)).toMatchObject({ protocol, state: 10, receiveQueue: 0, sendQueue: 7 });
    } finally {
      server.close();
    }
  });
});

describeWith('IPV6_V6ONLY', ['native'], () => {
  it.each([true, false])('of a listener of all addresses: %j', async (ipv6Only) => {
    const server = createServer();
    try {
      const listening = await new Promise<boolean>((resolve) => {
        server.once('error', () => resolve(false));
        server.listen({ host: '::', port: 0, ipv6Only }, () => resolve(true));
      });
      // Without IPv6 there is none.
      if (!listening) return;
      const { port } = server.address() as { port: number };
      expect(native().sockDiag('tcp').find(({ local }) => local === `[::]:${port}`)).toMatchObject({ v6Only: ipv6Only });
      const told = native().network!.connectionsOf(process.pid);
      const indices = Array.from({ length: told.count }, (_, index) => index).filter((index) => told.localPort(index) === port && told.state(index) === 10);
      expect(indices.map((index) => [told.v6Only(index), told.idleMs(index)])).toEqual([[ipv6Only, undefined]]);
    } finally {
      server.close();
    }
  });
});

describeWith('sock_diag of unix sockets', ['native', 'python'], () => {
  it('tells queue, backlog and who waits', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'reloadctl-unix-'));
    try {
      const { pid, ready } = await holder<{ listener: number; client: number }>(`
l = socket.socket(socket.AF_UNIX); l.bind(${JSON.stringify(join(directory, 's'))}); l.listen(3)
c = socket.socket(socket.AF_UNIX); c.connect(l.getsockname())
say({'listener': l.fileno(), 'client': c.fileno()})`);
      expect(find('unix', pid, ready.listener)).toMatchObject({
        protocol: 'unix', state: 10, receiveQueue: 1, sendQueue: 3, pendingInodes: [socketInode(pid, ready.client)],
      });
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('tells the other end of a pair, and the bytes unread', async () => {
    const { pid, ready } = await holder<number[]>(`
a, b = socket.socketpair(); a.send(b'hello')
say([a.fileno(), b.fileno()])`);
    const [a, b] = ready as [number, number];
    expect(find('unix', pid, a)).toMatchObject({ state: 1, peerInode: socketInode(pid, b), receiveQueue: 0 });
    expect(find('unix', pid, b)).toMatchObject({ state: 1, peerInode: socketInode(pid, a), receiveQueue: 5 });
  });
});
