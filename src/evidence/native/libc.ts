/** The few functions of the C library that JavaScript runtimes do not offer, whatever they are called through. */
import { bunBinder } from './bun-ffi.ts';
import { errnoName, systemError } from './errno.ts';
import { koffiBinder } from './koffi.ts';

/** Flat integers and buffers only; -1 means failure, and then `errno()` at once, before any other call. */
export interface Libc {
  /** syscall(2) with at most six arguments: whole numbers that a double holds, buffers by their address, null for none. */
  syscall(number: number, ...values: SyscallValue[]): number;
  socket(domain: number, type: number, protocol: number): number;
  connect(fd: number, address: Buffer, length: number): number;
  send(fd: number, data: Buffer, length: number, flags: number): number;
  recv(fd: number, data: Buffer, length: number, flags: number): number;
  getsockopt(fd: number, level: number, name: number, value: Buffer, length: Buffer): number;
  setsockopt(fd: number, level: number, name: number, value: Buffer, length: number): number;
  getsockname(fd: number, address: Buffer, length: Buffer): number;
  ioctl(fd: number, request: number): number;
  errno(): number;
}

export type SyscallValue = number | Buffer | null;

/** Binds the functions of a library, of the process itself for null. Throws when it is not there or lacks one. */
export type Binder = (library: string | null) => Libc;

/** The process itself first: its own C library is the one whose errno we read. The names are for static builds of the runtime. */
function libraryNames(): (string | null)[] {
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  return [null, 'libc.so.6', `libc.musl-${machine}.so.1`, 'libc.so'];
}

/**
 * Binds the C library, through bun:ffi in Bun and through koffi in Node; null when it cannot be had.
 * koffi costs 5-10 ms of CPU the first time, bun:ffi 1-2 ms.
 */
export function loadLibc(): Libc | null {
  const bind = process.versions.bun === undefined ? koffiBinder() : bunBinder();
  if (bind === null) return null;
  for (const name of libraryNames()) {
    try {
      return bind(name);
    } catch {
      // Not there, or a linker script under a library's name: the next one.
    }
  }
  return null;
}

/** Passes a result on, or throws the Error of errno when it is negative. */
export function check(libc: Libc, syscall: string, result: number): number {
  if (result < 0) throw systemError(syscall, errnoName(libc.errno()));
  return result;
}
