import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatIPv6, inetAddress } from '../../../src/kernel/proc/inet-address.ts';

describe('inetAddress', () => {
  it('undoes the byte order of the host', () => {
    expect(inetAddress('0100007F', 'LE')).toBe('127.0.0.1');
    expect(inetAddress('7F000001', 'BE')).toBe('127.0.0.1');
    expect(inetAddress('FEFFFFFF', 'LE')).toBe('255.255.255.254');
    expect(inetAddress('B80D0120000000000000000001000000', 'LE')).toBe('2001:db8::1');
    expect(inetAddress('20010DB8000000000000000000000001', 'BE')).toBe('2001:db8::1');
  });

  it('writes IPv4-mapped addresses as people read them', () => {
    expect(inetAddress('0000000000000000FFFF00000100007F', 'LE')).toBe('::ffff:127.0.0.1');
  });
});

describe('formatIPv6', () => {
  // The examples of RFC 5952, section 4.
  it.each([
    ['2001:0db8:0000:0000:0000:0000:0002:0001', '2001:db8::2:1'],
    ['2001:0db8:0000:0001:0001:0001:0001:0001', '2001:db8:0:1:1:1:1:1'],
    ['2001:0000:0000:0001:0000:0000:0000:0001', '2001:0:0:1::1'],
    ['2001:0db8:0000:0000:0001:0000:0000:0001', '2001:db8::1:0:0:1'],
    ['0000:0000:0000:0000:0000:0000:0000:0000', '::'],
    ['fe80:0000:0000:0000:0000:0000:0000:0000', 'fe80::'],
  ])('%s is %s', (long, short) => {
    expect(formatIPv6(Buffer.from(long.replaceAll(':', ''), 'hex'))).toBe(short);
  });

  it('agrees with the URL standard on all but IPv4-mapped ones', () => {
    const group = fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 0, max: 0xffff }) });
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        fc.pre(!(groups[5] === 0xffff && groups.slice(0, 5).every((value) => value === 0)));
        const long = groups.map((value) => value.toString(16)).join(':');
        const bytes = groups.flatMap((value) => [value >> 8, value & 255]);
        expect(`[${formatIPv6(bytes)}]`).toBe(new URL(`http://[${long}]/`).hostname);
      }),
      { numRuns: 300 },
    );
  });
});
