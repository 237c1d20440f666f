import { describe, expect, it } from 'vitest';
import { attributesOf, kindOf } from '../../../src/kernel/kinds/index.ts';
import type { Fd } from '../../../src/kernel/types.ts';
import { fdInfo } from '../../support/fake-process.ts';
import { makeFd } from '../../support/fds.ts';

const keys = (fd: Fd): [string, string] => [kindOf(fd).key(fd), kindOf(fd).wideKey!(fd)];

describe('what a socket carries', () => {
  it.each([
    ['netlink', 0, 'netlink ROUTE'],
    ['netlink', 15, 'netlink KOBJECT_UEVENT'],
    ['netlink', 9, 'netlink AUDIT'],
    ['netlink', 31, 'netlink 31'],
    ['packet', 3, 'packet ALL'],
    ['packet', 0x0806, 'packet ARP'],
    ['packet', 0x4242, 'packet 0x4242'],
  ] as const)('%s %i', (protocol, family, expected) => {
    const fd = makeFd('socket:[77]', { row: { protocol, state: 'UNCONNECTED', family } });
    expect(keys(fd)).toEqual([expected, expected]);
    expect(kindOf(fd).describe(fd)).toBe(`${expected} socket:[77]`);
    expect(attributesOf(fd).subprotocol).toBe(expected.split(' ')[1]);
  });

  it.each([
    ['raw', 1, 'raw ICMP'],
    ['raw6', 58, 'raw ICMPV6'],
    ['raw', 253, 'raw 253'],
    ['icmp', 4711, 'icmp'],
  ] as const)('%s: what looks like port %i is none', (protocol, localPort, expected) => {
    const row = { protocol, state: 'UNCONNECTED', localAddress: '0.0.0.0', localPort, remoteAddress: '0.0.0.0', remotePort: 0 };
    expect(keys(makeFd('socket:[77]', { row }))).toEqual([expected, expected]);
  });

  it.each([
    [16, 2, 15, 'netlink KOBJECT_UEVENT in no socket table'],
    [2, 3, 1, 'raw ICMP in no socket table'],
    [10, 1, 132, 'sctp6 in no socket table'],
    [40, 1, 0, 'vsock stream'],
    [38, 5, 0, 'alg seqpacket'],
    [99, 77, 0, 'family 99 type 77'],
  ])('family %i type %i protocol %i of a probe is no closed TCP connection', (domain, type, protocol, expected) => {
    expect(keys(makeFd('socket:[77]', { probe: { domain, type, protocol, listening: false } }))[0]).toBe(expected);
  });
});

describe('descriptors in flight', () => {
  const unix = { protocol: 'unix', unixType: 'dgram', state: 'CONNECTED', path: '' } as const;
  const holding = (rest: string): Fd => makeFd('socket:[77]', { row: unix, info: fdInfo({ rest }) });

  it('are counted by the socket they wait in', () => {
    expect(attributesOf(holding('scm_fds: 20\n')).fdsInFlight).toBe(20);
    expect(kindOf(holding('scm_fds: 20\n')).describe(holding('scm_fds: 20\n'))).toBe(
      'unix dgram CONNECTED (unnamed) with 20 descriptors that nobody has received',
    );
  });

  it('are none, or not told of before Linux 5.6', () => {
    expect(attributesOf(holding('scm_fds: 0\n')).fdsInFlight).toBe(0);
    expect(kindOf(holding('scm_fds: 0\n')).describe(holding('scm_fds: 0\n'))).toBe('unix dgram CONNECTED (unnamed)');
    expect(attributesOf(holding('')).fdsInFlight).toBeUndefined();
    expect(attributesOf(holding('scm_fds: many\n')).fdsInFlight).toBeUndefined();
  });
});
