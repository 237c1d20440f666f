import { endianness } from 'node:os';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openLive } from '../../src/evidence/live.ts';
import { openRedactor, type Redactor } from '../../src/evidence/redact.ts';

const KEY = Buffer.alloc(32, 7);

const endpoint = (redactor: Redactor, local: string): string =>
  redactor.value('probeSocket', '1:2', { domain: 2, type: 1, protocol: 6, listening: true, local }).local ?? '';

const classOf = (address: string): string => {
  const [a = 0, b = 0] = address.split('.').map(Number);
  if (a === 127) return 'loopback';
  if (a === 0) return 'unspecified';
  if (address === '255.255.255.255') return 'broadcast';
  if (a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168)) return 'private';
  if (a === 169 && b === 254) return 'link-local';
  if (a === 100 && b >= 64 && b < 128) return 'shared';
  return a >= 240 ? 'reserved' : a >= 224 ? 'multicast' : 'public';
};
const first = fc.oneof(fc.constantFrom(0, 10, 100, 127, 169, 172, 192, 224, 240, 255), fc.nat(255));
const second = fc.oneof(fc.constantFrom(16, 31, 64, 168, 254), fc.nat(255));
const v4 = fc.tuple(first, second, fc.nat(255), fc.nat(255)).map((bytes) => bytes.join('.'));
const group = fc.oneof(fc.constant('0'), fc.integer({ min: 0, max: 0xffff }).map((value) => value.toString(16)));
const v6 = fc
  .tuple(fc.constantFrom('2001', 'fe80', 'fd00', 'ff02', '0', '64'), fc.array(group, { minLength: 7, maxLength: 7 }))
  .map(([head, rest]) => new URL(`http://[${head}:${rest.join(':')}]`).hostname.slice(1, -1))
  .filter((address) => !address.startsWith('::ffff:') && address !== '::' && address !== '::1');

/** As /proc/net prints it on this machine. */
const printed = (address: string): string => {
  const bytes = address.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'));
  return (endianness() === 'LE' ? bytes.reverse() : bytes).join('').toUpperCase();
};

describe('redacted addresses', () => {
  it('keep class, port and equality', () => {
    fc.assert(
      fc.property(v4, v4, fc.nat(65535), (one, other, port) => {
        const redactor = openRedactor(KEY);
        const [a, b] = [endpoint(redactor, `${one}:${port}`), endpoint(redactor, `${other}:${port}`)];
        expect(a.endsWith(`:${port}`)).toBe(true);
        expect(classOf(a.split(':')[0] ?? '')).toBe(classOf(one));
        expect(a === b).toBe(one === other);
        const kept = ['loopback', 'unspecified', 'broadcast'].includes(classOf(one));
        if (kept) expect(a).toBe(`${one}:${port}`);
      }),
    );
  });

  it('are not the addresses', () => {
    const redactor = openRedactor(KEY);
    for (const address of ['10.20.30.40', '203.0.113.9', '192.168.77.88', '[2001:db8::7]']) {
      expect(endpoint(redactor, `${address}:80`)).not.toContain(address);
    }
  });

  it('of IPv6 keep loopback, kind of prefix and equality, in RFC 5952 form', () => {
    fc.assert(
      fc.property(v6, v6, (one, other) => {
        const redactor = openRedactor(KEY);
        const [a, b] = [endpoint(redactor, `[${one}]:443`), endpoint(redactor, `[${other}]:443`)];
        const address = a.slice(1, -5);
        expect(new URL(`http://[${address}]`).hostname).toBe(`[${address}]`);
        expect(a === b).toBe(one === other);
        const kind = (text: string): string => /^fe80|^fd|^ff02/.exec(text)?.[0] ?? 'global';
        expect(kind(address)).toBe(kind(one));
      }),
    );
    expect(endpoint(openRedactor(KEY), '[::1]:80')).toBe('[::1]:80');
    expect(endpoint(openRedactor(KEY), '[::]:80')).toBe('[::]:80');
  });

  it('are the same in tables, in sock_diag and mapped into IPv6', () => {
    fc.assert(
      fc.property(v4, (address) => {
        const redactor = openRedactor(KEY);
        const plain = endpoint(redactor, `${address}:80`).split(':')[0] ?? '';
        expect(endpoint(redactor, `[::ffff:${address}]:80`)).toBe(`[::ffff:${plain}]:80`);
        const row = (text: string): string => `   0: ${printed(text)}:0050 00000000:0000 0A 00000000:00000000 00:00000000     0  0 5\n`;
        const table = redactor.value('read', '/proc/1/net/tcp', `  sl  local_address\n${row(address)}`);
        expect(table).toBe(`  sl  local_address\n${row(plain)}`);
        const mapped = endianness() === 'LE' ? '0000000000000000FFFF0000' : '00000000000000000000FFFF';
        const row6 = (text: string): string => `head\n   0: ${mapped}${printed(text)}:0050 ${'0'.repeat(32)}:0000 0A\n`;
        expect(redactor.value('read', '/proc/1/net/tcp6', row6(address))).toBe(row6(plain));
        const [socket] = redactor.value('sockDiag', 'tcp', [
          { protocol: 'tcp', state: 1, inode: '5', local: `${address}:80`, remote: `${address}:9`, receiveQueue: 0, sendQueue: 0 },
        ]);
        expect(socket).toMatchObject({ local: `${plain}:80`, remote: `${plain}:9`, inode: '5' });
      }),
    );
  });

  it('keep every row of this host parseable and in place', () => {
    const redactor = openRedactor(KEY);
    for (const name of ['tcp', 'tcp6', 'udp', 'udp6', 'unix', 'netlink']) {
      const before = openLive().read(`/proc/self/net/${name}`).value;
      if (before === undefined) continue;
      const after = redactor.value('read', `/proc/self/net/${name}`, before);
      const shape = (text: string): string => text.replace(/[0-9A-F]{8,}(?=:)/g, 'A').replace(/ [@/][\s\S]*?(?=\n(?:[0-9a-f]{16}: |$))/g, ' name');
      expect(shape(after)).toBe(shape(before));
    }
  });
});
