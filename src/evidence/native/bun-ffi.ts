/** The C library through bun:ffi, for the single file: nothing is unpacked, no file is needed beside it. */
import { createRequire } from 'node:module';
import type { Libc, SyscallValue } from './libc.ts';
import { callNumber } from './numbers.ts';

interface Signature {
  args: readonly string[];
  returns: string;
}

/** What we use of bun:ffi. Addresses are numbers: user space has 47 bits of them, a double 53. */
interface BunFfi {
  dlopen(library: string, symbols: Record<string, Signature>): { symbols: Record<string, (...values: unknown[]) => number> };
  ptr(buffer: Buffer): number;
  read: { i32(address: number, offset: number): number };
}

/** `i64_fast` comes as a number where it fits one, and what these return always does. */
const SYMBOLS = {
  // Variadic in C; for integers that is the same as not, in the calling conventions of x64 and of arm64 Linux.
  syscall: { args: ['i64', 'i64', 'i64', 'i64', 'i64', 'i64', 'i64'], returns: 'i64_fast' },
  ioctl: { args: ['i32', 'u64', 'u64'], returns: 'i32' },
  socket: { args: ['i32', 'i32', 'i32'], returns: 'i32' },
  connect: { args: ['i32', 'ptr', 'i32'], returns: 'i32' },
  send: { args: ['i32', 'ptr', 'u64', 'i32'], returns: 'i64_fast' },
  recv: { args: ['i32', 'ptr', 'u64', 'i32'], returns: 'i64_fast' },
  getsockopt: { args: ['i32', 'i32', 'i32', 'ptr', 'ptr'], returns: 'i32' },
  setsockopt: { args: ['i32', 'i32', 'i32', 'ptr', 'i32'], returns: 'i32' },
  getsockname: { args: ['i32', 'ptr', 'ptr'], returns: 'i32' },
  /** The same function in glibc and musl; the address is one per thread. */
  __errno_location: { args: [], returns: 'ptr' },
} as const satisfies Record<string, Signature>;

/**
 * Never another name than this one: bun:ffi tries a name that the system does not know in the working directory. This one is
 * known always: glibc has it loaded, and musl takes every `libc.` for itself (ldso/dynlink.c load_library).
 */
const LIBRARY = 'libc.so.6';

/** Null where the runtime was built without bun:ffi, or finds no C library. */
export function bunLibc(): Libc | null {
  try {
    return bind(createRequire(import.meta.url)('bun:ffi') as BunFfi);
  } catch {
    return null;
  }
}

function bind(ffi: BunFfi): Libc {
  const { symbols } = ffi.dlopen(LIBRARY, SYMBOLS) as { symbols: Record<keyof typeof SYMBOLS, (...values: unknown[]) => number> };
  const errnoAt = symbols.__errno_location();
  let errno = 0;
  // Kept at once: whatever the runtime does between two calls of ours may change it.
  const keep = (result: number): number => {
    if (result < 0) errno = ffi.read.i32(errnoAt, 0);
    return result;
  };
  const word = (value: SyscallValue | undefined): number => (typeof value === 'number' ? value : value ? ffi.ptr(value) : 0);
  return {
    syscall: (number, a, b, c, d, e, f) => keep(symbols.syscall(number, word(a), word(b), word(c), word(d), word(e), word(f))),
    socket: (domain, type, protocol) => keep(symbols.socket(domain, type, protocol)),
    connect: (fd, address, length) => keep(symbols.connect(fd, address, length)),
    send: (fd, data, length, flags) => keep(symbols.send(fd, data, length, flags)),
    recv: (fd, data, length, flags) => keep(symbols.recv(fd, data, length, flags)),
    getsockopt: (fd, level, option, value, length) => keep(symbols.getsockopt(fd, level, option, value, length)),
    setsockopt: (fd, level, option, value, length) => keep(symbols.setsockopt(fd, level, option, value, length)),
    getsockname: (fd, address, length) => keep(symbols.getsockname(fd, address, length)),
    ioctl: (fd, request) => keep(symbols.ioctl(fd, request, 0)),
    openByHandleAt: (mount, handle, flags) => keep(symbols.syscall(callNumber('openByHandleAt'), mount, word(handle), flags, 0, 0, 0)),
    readlinkat: (directory, name, buffer, size) => keep(symbols.syscall(callNumber('readlinkat'), directory, word(name), word(buffer), size, 0, 0)),
    errno: () => errno,
    addressOf: (buffer) => BigInt(ffi.ptr(buffer)),
  };
}
