import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { waitOf } from '../../src/tasks/waits.ts';

const wait = (number: number, ...args: bigint[]) => waitOf({ number, args, isNarrow: false }, 'x86_64');

describe('what a system call waits for', () => {
  it.each<[string, ReturnType<typeof wait>, object]>([
    ['read', wait(0, 5n), { for: 'descriptor', fd: 5, does: 'read' }],
    ['write, rubbish in the upper half', wait(1, 0xdead_beef_0000_0007n), { for: 'descriptor', fd: 7, does: 'write' }],
    ['accept4', wait(288, 3n), { for: 'descriptor', fd: 3, does: 'accept' }],
    ['connect', wait(42, 3n), { for: 'descriptor', fd: 3, does: 'connect' }],
    ['flock', wait(73, 9n, 2n), { for: 'descriptor', fd: 9, does: 'lock' }],
    ['fcntl F_SETLKW', wait(72, 9n, 7n), { for: 'descriptor', fd: 9, does: 'lock' }],
    ['fcntl F_OFD_SETLKW', wait(72, 9n, 38n), { for: 'descriptor', fd: 9, does: 'lock' }],
    ['fcntl F_GETFL', wait(72, 9n, 3n), { for: 'descriptor', fd: 9, does: 'other' }],
    ['epoll_wait', wait(232, 4n), { for: 'events', fd: 4 }],
    ['poll of two', wait(7, 0x7fffn, 2n, 1000n), { for: 'any', address: '32767', count: 2 }],
    ['poll of none, which sleeps', wait(7, 0n, 0n, 1000n), { for: 'time' }],
    ['futex FUTEX_WAIT_PRIVATE', wait(202, 0x1000n, 128n, 2n), { for: 'lock', address: '4096', value: 2 }],
    ['futex FUTEX_WAKE', wait(202, 0x1000n, 1n), { for: 'other' }],
    ['openat, to write', wait(257, 0xffff_ff9cn, 0x2000n, 0x8_0001n), { for: 'path', address: '8192' }],
    ['openat, to read', wait(257, 0xffff_ff9cn, 0x2000n, 0x8_0000n), { for: 'path', address: '8192', reads: true }],
    ['openat2', wait(437, 0xffff_ff9cn, 0x2000n, 0x3000n), { for: 'path', address: '8192' }],
    ['open', wait(2, 0x2000n, 2n), { for: 'path', address: '8192' }],
    ['clock_nanosleep', wait(230), { for: 'time' }],
    ['rt_sigtimedwait', wait(128), { for: 'signal' }],
    ['wait4', wait(61), { for: 'child' }],
    ['vfork', wait(58), { for: 'child' }],
    ['a page fault', wait(-1), { for: 'memory' }],
    ['getpid', wait(39), { for: 'other' }],
  ])('%s', (_name, seen, expected) => {
    expect(seen).toEqual(expected);
  });

  it('is told of any call with any arguments', () => {
    const word = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    fc.assert(fc.property(fc.integer({ min: -1, max: 600 }), fc.array(word, { maxLength: 6 }), fc.constantFrom('x86_64', 'aarch64', 'riscv64'), (number, args, machine) => {
      expect(waitOf({ number, args, isNarrow: false }, machine).for).toMatch(/^[a-z]+$/);
    }));
  });
});
