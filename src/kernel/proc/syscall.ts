/** /proc/PID/task/TID/syscall, kernel fs/proc/base.c proc_pid_syscall: what a thread is blocked in. */
import type { ByteString } from '../../evidence/types.ts';

/** A blocked thread: the number of its system call (-1: blocked outside of one), and what it passed. */
export interface SystemCall {
  number: number;
  /** Six 64-bit words; empty outside of a system call. */
  args: bigint[];
  /** A program of 32 bits, whose calls have other numbers. */
  isNarrow: boolean;
}

const CALL = /^(-?\d{1,5})((?: 0x[0-9a-f]{1,16}){2,8})\n$/;
const ARGUMENTS = 6;

/** `running` when the thread is not blocked; null when the text is none of the kernel's. */
export function parseSyscall(text: ByteString): SystemCall | 'running' | null {
  if (text === 'running\n') return 'running';
  const match = CALL.exec(text);
  if (!match) return null;
  // The last two words are the stack pointer and the program counter.
  const all = match[2]!.trim().split(' ').map(BigInt);
  const words = all.slice(0, -2);
  // Both lie below 4 GiB in no program of 64 bits, whose stacks are high; threads of the kernel have neither.
  const isNarrow = all.slice(-2).every((word) => word !== 0n && word < 2n ** 32n);
  const number = Number(match[1]);
  if (words.length !== (number < 0 ? 0 : ARGUMENTS)) return null;
  return { number, args: words, isNarrow };
}

/** Of the machine a process runs on: calls are numbered differently on each. */
interface Numbers {
  /** Those that wait for the descriptor of their first argument: read, readv, pread, recv*, accept*, write*, send*, flock, splice. */
  first: ReadonlySet<number>;
  /** select, pselect6: for descriptors below their first argument. */
  select: ReadonlySet<number>;
  /** poll, ppoll, io_getevents, io_uring_enter: only the memory of the process tells for which. */
  any: ReadonlySet<number>;
}

/** arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h. */
const machines: Readonly<Record<string, Numbers>> = {
  x86_64: {
    first: new Set([0, 1, 17, 18, 19, 20, 43, 44, 45, 46, 47, 73, 275, 276, 288, 295, 296, 299, 307]),
    select: new Set([23, 270]),
    any: new Set([7, 208, 271, 333, 426]),
  },
  aarch64: {
    first: new Set([32, 63, 64, 65, 66, 67, 68, 69, 70, 76, 77, 202, 206, 207, 211, 212, 242, 243, 269]),
    select: new Set([72]),
    any: new Set([4, 73, 292, 426]),
  },
};

/** `fd`: this one. `below`: it may be one below this number (Infinity: any). Undefined: none. */
export type Waits = { fd: number } | { below: number } | undefined;

/** @param machine as `uname -m` says it. Of one that is not known a call may be for any descriptor. */
export function waitsOn({ number, args }: SystemCall, machine: string | undefined): Waits {
  if (number < 0) return undefined;
  const numbers = machine === undefined ? undefined : machines[machine];
  // A descriptor is an int: the upper half of the word may hold anything.
  const first = Number(BigInt.asIntN(32, args[0] ?? 0n));
  if (!numbers || numbers.any.has(number)) return { below: Number.POSITIVE_INFINITY };
  if (numbers.select.has(number)) return { below: first };
  return numbers.first.has(number) ? { fd: first } : undefined;
}
