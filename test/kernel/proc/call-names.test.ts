import { describe, expect, it } from 'vitest';
import { callName } from '../../../src/kernel/proc/call-names.ts';

describe('names of system calls', () => {
  it.each<[string, number, string]>([
    ['x86_64', 0, 'read'], ['x86_64', 73, 'flock'], ['x86_64', 202, 'futex'], ['x86_64', 232, 'epoll_wait'], ['x86_64', 257, 'openat'], ['x86_64', 334, 'rseq'], ['x86_64', 424, 'pidfd_send_signal'], ['x86_64', 441, 'epoll_pwait2'],
    ['aarch64', 0, 'io_setup'], ['aarch64', 22, 'epoll_pwait'], ['aarch64', 56, 'openat'], ['aarch64', 63, 'read'], ['aarch64', 79, 'newfstatat'], ['aarch64', 98, 'futex'], ['aarch64', 260, 'wait4'], ['aarch64', 441, 'epoll_pwait2'],
  ])('%s %i: %s', (machine, number, name) => {
    expect(callName(number, machine)).toBe(name);
  });

  it('of what is not known is its number', () => {
    expect(callName(9999, 'x86_64')).toBe('system call 9999');
    expect(callName(0, 'riscv64')).toBe('system call 0');
    expect(callName(-1, 'x86_64')).toBe('a page fault');
  });
});
