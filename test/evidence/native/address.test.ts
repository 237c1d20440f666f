import { isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AF_INET, AF_INET6, endpoint } from '../../../src/evidence/native/address.ts';

function v6(...groups: number[]): string {
  const bytes = Buffer.alloc(18);
  for (const [index, group] of groups.entries()) bytes.writeUInt16BE(group, 2 + index * 2);
  return endpoint(AF_INET6, bytes, 2, 80);
}

describe('addresses of sock_diag', () => {
  it('writes IPv4', () => {
    expect(endpoint(AF_INET, Buffer.from([9, 192, 0, 2, 255]), 1, 65535)).toBe('192.0.2.255:65535');
  });

  it.each([
    [[0, 0, 0, 0, 0, 0, 0, 0], '[::]:80'],
    [[0, 0, 0, 0, 0, 0, 0, 1], '[::1]:80'],
    [[0x2001, 0xdb8, 0, 0, 1, 0, 0, 1], '[2001:db8::1:0:0:1]:80'],
    [[0x2001, 0xdb8, 0, 1, 1, 1, 1, 1], '[2001:db8:0:1:1:1:1:1]:80'],
    [[0x2001, 0, 0, 1, 0, 0, 0, 1], '[2001:0:0:1::1]:80'],
    [[0xfe80, 1, 2, 3, 4, 5, 0, 0], '[fe80:1:2:3:4:5::]:80'],
    [[0, 0, 0, 0, 0, 0xffff, 0x7f00, 1], '[::ffff:127.0.0.1]:80'],
  ])('writes %j as %s', (groups, text) => {
    expect(v6(...groups)).toBe(text);
  });

  it('writes every IPv6 address so that it reads back as the same bytes', () => {
    const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
    fc.assert(fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
      const text = v6(...groups).slice(1, -4);
      expect(isIPv6(text)).toBe(true);
      const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
      const byte = (index: number): number => Number(dotted?.[index]);
      const hex = (high: number): string => (byte(high) * 256 + byte(high + 1)).toString(16);
      const plain = dotted === null ? text : `${dotted[1]}${hex(2)}:${hex(4)}`;
      const [head = '', tail] = plain.split('::');
      const parse = (part: string): number[] => part.split(':').filter(Boolean).map((digits) => Number.parseInt(digits, 16));
      const before = parse(head);
      const after = tail === undefined ? [] : parse(tail);
      expect([...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after]).toEqual(groups);
    }));
  });
});
