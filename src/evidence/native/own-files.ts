/** Changes of files of our own for which Node has no function. */
import { closeSync, constants, openSync, writeFileSync } from 'node:fs';
import { cString } from './in-root.ts';
import type { Libc } from './libc.ts';
import { check } from './libc.ts';
import { callNumber } from './numbers.ts';

const AT_FDCWD = -100;
const RENAME_EXCHANGE = 2;
const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
const MS_SYNC = 4;
const PAGE = 4096;

function bytesOf(path: string): Buffer {
  return cString(Buffer.from(path, 'utf8').toString('latin1'));
}

/** renameat2(RENAME_EXCHANGE): the two names change places. Throws EINVAL where the file system cannot. */
export function exchange(libc: Libc, first: string, second: string): void {
  check(libc, 'renameat2', libc.syscall(callNumber('renameat2'), AT_FDCWD, bytesOf(first), AT_FDCWD, bytesOf(second), RENAME_EXCHANGE));
}

/**
 * Changes the first bytes of a file through a shared mapping, msync and close; the kernel itself copies them there, from `source`.
 * Throws ENODEV where the file system has no mappings.
 */
export function writeMapped(libc: Libc, path: string, source: string, text: string): void {
  writeFileSync(source, text);
  const from = openSync(source, constants.O_RDONLY);
  const file = openSync(path, constants.O_RDWR);
  try {
    const address = check(libc, 'mmap', libc.syscall(callNumber('mmap'), 0, PAGE, PROT_READ_WRITE, MAP_SHARED, file, 0));
    try {
      check(libc, 'read', libc.syscall(callNumber('read'), from, address, Buffer.byteLength(text)));
      check(libc, 'msync', libc.syscall(callNumber('msync'), address, PAGE, MS_SYNC));
    } finally {
      libc.syscall(callNumber('munmap'), address, PAGE);
    }
  } finally {
    closeSync(file);
    closeSync(from);
  }
}
