import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attributeNames } from '../../../src/fds/attributes.ts';
import { attributesOf, infoBlocks, kindOf, kinds, recognise } from '../../../src/kernel/kinds/index.ts';
import type { Fd, SocketRow } from '../../../src/kernel/types.ts';
import { fileStat } from '../../support/fake-process.ts';
import { type Making, makeFd } from '../../support/fds.ts';

const prefixes = [
  '',
  '/',
  '/dev/',
  '/dev/shm/',
  '/memfd:',
  '/secretmem',
  'socket:[',
  'pipe:[',
  'pidfd:[',
  'anon_inode:',
  'anon_inode:[eventfd]',
  'anon_inode:[eventpoll]',
  'anon_inode:[timerfd]',
  'anon_inode:[signalfd]',
  'anon_inode:inotify',
  'anon_inode:[pidfd]',
  'net:[',
  'anon_inode:[io_uring]',
];
const bytes = fc.string({ unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 30 });
const link = fc.tuple(fc.constantFrom(...prefixes), bytes, fc.constantFrom('', ']', ' (deleted)')).map((parts) => parts.join(''));
const lines = fc.array(
  fc.oneof(
    bytes,
    fc.constantFrom(
      'tfd: 1 events: 1 data: 1',
      'inotify wd:1',
      'Pid:\t-1',
      'eventfd-count: 1',
      'clockid: 1',
      'it_value: (1, 2)',
      'it_interval: (1, 2)',
      'ticks: 4',
      'sigmask:\tff',
    ),
  ),
);
const ends = fc.record({
  localAddress: fc.constantFrom('::', '10.0.0.1'),
  localPort: fc.nat(65535),
  remoteAddress: fc.constantFrom('::', '10.0.0.7'),
  remotePort: fc.nat(65535),
});
const inetRow = fc.tuple(
  fc.record({
    protocol: fc.constantFrom('tcp' as const, 'tcp6' as const, 'udp' as const, 'raw6' as const, 'icmp' as const),
    state: fc.constantFrom('LISTEN', 'ESTABLISHED', 'UNCONNECTED', 'UNKNOWN_77'),
  }),
  ends,
);
const row: fc.Arbitrary<Partial<SocketRow>> = fc.oneof(
  inetRow.map(([names, addresses]) => ({ ...names, ...addresses })),
  fc.record(
    {
      protocol: fc.constantFrom('unix' as const, 'netlink' as const, 'packet' as const),
      state: fc.constantFrom('LISTEN', 'UNCONNECTED'),
      path: bytes,
    },
    { requiredKeys: ['protocol', 'state'] },
  ),
);
const making: fc.Arbitrary<Making> = fc.record(
  {
    info: lines.map((rest) => `pos:\t0\nflags:\t0100002\nmnt_id:\t1\nino:\t3\n${rest.join('\n')}\n`),
    stat: fc
      .record({ mode: fc.constantFrom(0o100644, 0o040755, 0o010644, 0o020666, 0o060660, 0o140777, 0), nlink: fc.nat(2) })
      .map((changes) => fileStat(changes)),
    row,
    errno: fc.constantFrom('EACCES', 'EMFILE'),
  },
  { requiredKeys: [] },
);
const anyFd: fc.Arbitrary<Fd> = fc.tuple(link, making).map(([text, given]) => makeFd(text, given));

describe('the registry of kinds', () => {
  it('has a kind for every link, and says the same of each in every way without failing', () => {
    fc.assert(
      fc.property(anyFd, (fd) => {
        const kind = kindOf(fd);
        expect(typeof kind.key(fd)).toBe('string');
        expect(kind.describe(fd)).not.toContain('undefined');
        expect(kind.key(fd)).not.toContain('[object');
        expect(['exact', 'weak']).toContain(kind.identity(fd).quality);
        kind.wideKey?.(fd);
      }),
      { numRuns: 1500 },
    );
  });

  it('emits only attributes that filters and columns may name', () => {
    const names = new Set(attributeNames);
    fc.assert(
      fc.property(anyFd, (fd) => {
        expect(Object.keys(attributesOf(fd)).filter((name) => !names.has(name))).toEqual([]);
      }),
      { numRuns: 1500 },
    );
  });

  it('calls blocking what takes a lock of the target, and nothing that most processes hold by the thousand', () => {
    expect(infoBlocks('anon_inode:[eventpoll]')).toBe(true);
    expect(infoBlocks('anon_inode:inotify')).toBe(true);
    const often = ['unreadable', 'socket', 'pipe', 'eventfd', 'timerfd', 'signalfd', 'pidfd', 'memfd', 'directory', 'file', 'other'];
    expect(kinds.filter((kind) => kind.infoBlocks && often.includes(kind.name))).toEqual([]);
    const blocking = new Set(kinds.filter((kind) => kind.infoBlocks).map((kind) => kind.name));
    fc.assert(
      fc.property(link, (text) => {
        expect(infoBlocks(text)).toBe(blocking.has(recognise({ link: text }).name));
      }),
    );
  });

  it('has one name per kind, and no kind without a file of its own', () => {
    expect(new Set(kinds.map((kind) => kind.name)).size).toBe(kinds.length);
    expect(() => kindOf({ pid: 1, fd: 1, kind: 'constructor', link: '', detail: null })).toThrow('no kind is registered as constructor');
  });
});
