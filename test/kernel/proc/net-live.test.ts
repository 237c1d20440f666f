/** The scanners against sockets this test made itself. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { type InetProtocol, scanInet } from '../../../src/kernel/proc/net-inet.ts';
import { scanUnix } from '../../../src/kernel/proc/net-unix.ts';
import type { SocketRow } from '../../../src/kernel/types.ts';

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const undo of cleanup.splice(0).reverse()) await undo();
});

/** Inode of a socket, through its descriptor: what the kernel calls it in /proc/self/fd. */
function inodeOf(socket: Server | Socket): string {
  const { _handle: handle } = socket as unknown as { _handle: { fd: number } };
  return readlinkSync(`/proc/self/fd/${handle.fd}`).slice('socket:['.length, -1);
}

function table(protocol: InetProtocol): Map<string, SocketRow> {
  const rows = new Map<string, SocketRow>();
  scanInet(readFileSync(`/proc/self/net/${protocol}`, 'latin1'), protocol, (row) => rows.set(row.inode, row));
  return rows;
}

/** A listener and one connection to it. */
async function connected(where: { host?: string; path?: string }): Promise<{ server: Server; client: Socket; accepted: Socket }> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
  server.listen(where.path === undefined ? { port: 0, host: where.host } : { path: where.path });
  await once(server, 'listening');
  cleanup.push(() => new Promise((resolve) => server.close(resolve)));
  const client = where.path === undefined ? connect((server.address() as AddressInfo).port, where.host) : connect(where.path);
  const [[accepted]] = (await Promise.all([once(server, 'connection'), once(client, 'connect')])) as unknown as [[Socket], unknown];
  cleanup.push(
    () => client.destroy(),
    () => accepted.destroy(),
  );
  return { server, client, accepted };
}

const hasIPv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));

it.each([['tcp', '127.0.0.1'] as const, ...(hasIPv6 ? [['tcp6', '::1'] as const] : [])])(
  '%s: states, ports, addresses and inodes',
  async (protocol, host) => {
    const { server, client, accepted } = await connected({ host });
    const port = (server.address() as AddressInfo).port;
    const rows = table(protocol);
    expect(rows.get(inodeOf(server))).toMatchObject({
      state: 'LISTEN',
      localAddress: host,
      localPort: port,
      remotePort: 0,
      receiveQueue: 0,
    });
    const own = { state: 'ESTABLISHED', localAddress: host, remoteAddress: host, uid: process.geteuid?.() };
    expect(rows.get(inodeOf(client))).toMatchObject({ ...own, localPort: client.localPort, remotePort: port });
    expect(rows.get(inodeOf(accepted))).toMatchObject({ ...own, localPort: port, remotePort: client.localPort });
  },
);

it('tcp: unread bytes, then CLOSE_WAIT with one more for the end of the stream', async () => {
  const { client, accepted } = await connected({ host: '127.0.0.1' });
  const inode = inodeOf(accepted);
  const peer = inodeOf(client);
  client.write('12345');
  await vi.waitFor(() => expect(table('tcp').get(inode)).toMatchObject({ state: 'ESTABLISHED', receiveQueue: 5 }), { timeout: 5000 });
  client.end();
  await vi.waitFor(() => expect(table('tcp').get(inode)).toMatchObject({ state: 'CLOSE_WAIT', receiveQueue: 6 }), { timeout: 5000 });
  expect(table('tcp').get(peer)).toMatchObject({ state: 'FIN_WAIT2' });
});

it('udp: connected or not', async () => {
  const socket = createSocket('udp4');
  cleanup.push(() => socket.close());
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  const row = (): SocketRow | undefined => [...table('udp').values()].find((candidate) => candidate.localPort === port);
  expect(row()).toMatchObject({ state: 'UNCONNECTED', localAddress: '127.0.0.1', remotePort: 0 });
  socket.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  expect(row()).toMatchObject({ state: 'ESTABLISHED', remoteAddress: '127.0.0.1', remotePort: port });
});

it('unix: a listener whose name holds a newline', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'net-unix-'));
  cleanup.push(() => rmSync(dir, { recursive: true }));
  const path = join(dir, 'a b\nc');
  const { server, client } = await connected({ path });
  const rows = new Map<string, SocketRow>();
  scanUnix(readFileSync('/proc/self/net/unix', 'latin1'), (row) => rows.set(row.inode, row));
  expect(rows.get(inodeOf(server))).toMatchObject({ state: 'LISTEN', unixType: 'stream', path });
  expect(rows.get(inodeOf(client))).toMatchObject({ state: 'CONNECTED', unixType: 'stream' });
});
