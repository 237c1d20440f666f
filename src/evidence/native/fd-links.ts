/**
 * readlink of many descriptors: readlinkat(2) beside an open directory, into one buffer, costs a third less than the runtime's
 * own function, which takes a path each time. Through bun:ffi in Bun, in Node through koffi.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { PackedLinks } from '../packed-links.ts';
import type { ByteString } from '../types.ts';
import { check, type Libc, loadLibc } from './libc.ts';
import { isMachineKnown } from './kcmp.ts';
import { callNumber } from './numbers.ts';

interface BunFfi {
  dlopen(library: string, symbols: object): { symbols: { readlinkat(directory: number, name: number, buffer: number, size: number): number } };
  ptr(buffer: Buffer): number;
}

/** The link of one descriptor of an open directory; undefined when it cannot be read, whatever the reason. */
export interface FdLinks {
  read(fd: number): ByteString | undefined;
  /** The same, added to `into` without making a text of it; false when it cannot be read. */
  pack(fd: number, into: PackedLinks): boolean;
  /** How long the link is, without making a text of it; undefined when it cannot be read. */
  length(fd: number): number | undefined;
  /**
   * The numbers that are open from this one on, ascending; undefined where they cannot be listed so.
   * @throws with `code` an errno name when the directory cannot be listed
   */
  openFrom(fd: number): number[] | undefined;
  close(): void;
}

/** Longer links are cut by the kernel (fs/d_path.c), so that this is what a link can have. */
const LONGEST = 4096;
const ZERO = 48;
/** Loading koffi costs what it saves in so many links; bun:ffi costs nothing. */
const WORTH_KOFFI = 5000;

/** readlinkat(2), and what it takes for the two buffers: their addresses, or themselves. Called directly, or Bun makes no quick call of it. */
interface ReadLinkAt<Operand = number | Buffer> {
  call(directory: number, name: Operand, link: Operand, size: number): number;
  name: Operand;
  link: Operand;
}

/** Both far larger than a name: JSC moves the memory of small buffers, and their addresses are taken once. */
const link = Buffer.allocUnsafeSlow(LONGEST);
const name = Buffer.allocUnsafeSlow(LONGEST);
let bound: ReadLinkAt | null | undefined;

let libc: Libc | null | undefined;

function loaded(): Libc | null {
  if (libc === undefined) libc = loadLibc();
  return libc;
}

function throughBun(): ReadLinkAt<number> {
  const ffi = createRequire(import.meta.url)('bun:ffi') as BunFfi;
  const { symbols } = ffi.dlopen('libc.so.6', { readlinkat: { args: ['i32', 'ptr', 'ptr', 'u64'], returns: 'i32' } });
  return { call: symbols.readlinkat, name: ffi.ptr(name), link: ffi.ptr(link) };
}

function throughKoffi(): ReadLinkAt<Buffer> | null {
  const libc = loaded();
  return libc && { call: libc.readlinkat, name, link };
}

/** Null where the runtime's own function is all there is, or is as good for `links` links. */
function readLinkAt(links: number): ReadLinkAt | null {
  const inBun = process.versions.bun !== undefined;
  if (bound !== undefined) return bound;
  if (!inBun && links < WORTH_KOFFI) return null;
  bound = null;
  if (process.env.RELOADCTL_NO_NATIVE) return bound;
  try {
    bound = (inBun ? throughBun() : throughKoffi()) as ReadLinkAt | null;
  } catch {
    // Without it the runtime's own function does.
  }
  return bound;
}

/**
 * @param links how many will be asked for, about
 * @returns null where the runtime's own function is to be used
 * @throws with `code` an errno name when the directory cannot be opened
 */
export function openFdLinks(directory: string, links: number): FdLinks | null {
  const through = readLinkAt(links);
  if (!through) return null;
  const { call: readlink, name: nameAt, link: linkAt } = through;
  const handle = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  return {
    read(fd) {
      writeName(fd);
      const length = readlink(handle, nameAt, linkAt, LONGEST);
      return length >= 0 && length < LONGEST ? link.toString('latin1', 0, length) : undefined;
    },
    pack(fd, into) {
      writeName(fd);
      const length = readlink(handle, nameAt, linkAt, LONGEST);
      if (length < 0 || length >= LONGEST) return false;
      into.addBytes(fd, link, length);
      return true;
    },
    length(fd) {
      writeName(fd);
      const length = readlink(handle, nameAt, linkAt, LONGEST);
      return length >= 0 ? length : undefined;
    },
    openFrom: (fd) => numbersFrom(handle, fd),
    close: () => closeSync(handle),
  };
}

/** Decimal digits and a NUL. */
function writeName(fd: number): void {
  let length = 1;
  for (let rest = fd; rest >= 10; rest = Math.floor(rest / 10)) length++;
  name[length] = 0;
  for (let rest = fd, at = length - 1; at >= 0; at--) {
    name[at] = ZERO + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}

/** struct linux_dirent64 of getdents64(2): where in it the length of the record and the name are. */
const RECORD_LENGTH = 16;
const RECORD_NAME = 19;
/** An entry is at the position of its number and two more, for the dots (fs/proc/fd.c proc_readfd_common). */
const DOTS = 2;

function numbersFrom(handle: number, first: number): number[] | undefined {
  const calls = isMachineKnown() ? loaded() : null;
  if (!calls) return undefined;
  const entries = Buffer.allocUnsafeSlow(64 * 1024);
  check(calls, 'lseek', calls.syscall(callNumber('lseek'), handle, first + DOTS, 0));
  const numbers: number[] = [];
  for (;;) {
    const filled = check(calls, 'getdents64', calls.syscall(callNumber('getdents64'), handle, entries, entries.length));
    if (filled === 0) return numbers;
    for (let at = 0; at < filled; at += entries.readUInt16LE(at + RECORD_LENGTH)) {
      const number = numberAt(entries, at + RECORD_NAME);
      if (number >= first) numbers.push(number);
    }
  }
}

/** Of a NUL-terminated name; -1 for what is no number. */
function numberAt(bytes: Buffer, from: number): number {
  let number = 0;
  for (let at = from; bytes[at] !== 0; at++) {
    const digit = bytes[at]! - ZERO;
    if (digit < 0 || digit > 9) return -1;
    number = 10 * number + digit;
  }
  return number;
}
