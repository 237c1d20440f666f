/** The few functions of the C library that JavaScript runtimes do not offer, whatever they are called through. */
import { bunLibc } from './bun-ffi.ts';
import { errnoName, systemError } from './errno.ts';
import { koffiLibc } from './koffi.ts';

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
  /** Of these two there are thousands in a row: through `syscall` each argument is converted by its type, every time. */
  openByHandleAt(mount: number, handle: Buffer, flags: number): number;
  readlinkat(directory: number, name: Buffer, buffer: Buffer, size: number): number;
  errno(): number;
  /** Where its bytes are, for structures that point to others. Stays as it is while the buffer lives, where that has 128 bytes or more. */
  addressOf(buffer: Buffer): bigint;
  /** Null with another C library than glibc. Absent in Bun, which brings its own allocator. */
  allocator?(): Allocator | null;
}

/** How glibc keeps memory that is free (mallopt(3), malloc_trim(3)). */
export interface Allocator {
  mallopt(parameter: number, value: number): number;
  mallocTrim(pad: number): number;
}

export type SyscallValue = number | Buffer | null;

/**
 * Binds the C library, through bun:ffi in Bun and through koffi in Node; null when it cannot be had.
 * koffi costs 5-10 ms of CPU the first time.
 */
export function loadLibc(): Libc | null {
  return process.versions.bun === undefined ? koffiLibc() : bunLibc();
}

/** Passes a result on, or throws the Error of errno when it is negative. */
export function check(libc: Libc, syscall: string, result: number): number {
  if (result < 0) throw systemError(syscall, errnoName(libc.errno()));
  return result;
}
