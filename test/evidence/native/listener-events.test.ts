import { readlinkSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeDestroyed } from '../../../src/evidence/native/listener-events.ts';
import type { DestroyedListener } from '../../../src/evidence/types.ts';
import { until } from '../../live/support/until.ts';
import { describeWith, native } from './support.ts';

type WithHandle = Server & { _handle: { fd: number } };

async function listen(host: string): Promise<{ server: WithHandle; inode: string; port: number }> {
  const server = createServer() as WithHandle;
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return { server, inode: /\d+/.exec(readlinkSync(`/proc/self/fd/${server._handle.fd}`))![0], port: (server.address() as AddressInfo).port };
}

describeWith('listeners that are destroyed', ['native'], () => {
  it.each([['127.0.0.1'], ['::1']])('on %s: told by inode, and nothing of connections', async (host) => {
    const events = native().network!.watchListeners(process.pid);
    try {
      const [first, second] = [await listen(host), await listen(host)];
      events.learn();
      const late = await listen(host);
      // Others on this machine listen, and end, too.
      const own = new Set([first, second, late].map(({ inode }) => inode));
      const read = (): DestroyedListener[] => events.read().filter(({ inode }) => own.has(inode));
      const client = connect(first.port, host);
      await new Promise<void>((resolve) => first.server.once('connection', (socket) => socket.on('close', resolve).destroy()));
      client.destroy();
      const found: DestroyedListener[] = [];
      expect(read()).toEqual([]);
      // Nobody knows of this one: its end is not told.
      late.server.close();
      first.server.close();
      await until(() => found.push(...read()) > 0, { what: 'the first' });
      expect(found).toEqual([{ inode: first.inode, local: `${host === '::1' ? '[::1]' : host}:${first.port}` }]);
      second.server.close();
      await until(() => found.push(...read()) > 1, { what: 'the second' });
      expect(found.map(({ inode }) => inode)).toEqual([first.inode, second.inode]);
      expect(events.isLossy).toBe(false);
    } finally {
      events.close();
    }
  });
});

describe('what the kernel tells of them', () => {
  it('never throws on any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void decodeDestroyed(Buffer.from(bytes))));
  });
});
