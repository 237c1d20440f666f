/** Base lines of /proc/PID/fdinfo/N, kernel fs/proc/fd.c seq_show. */
import type { ByteString } from '../../evidence/types.ts';
import type { FdInfo } from '../types.ts';
import { isDecimal, parseNumber } from './scan.ts';

/*
 * Open flags as x86, RISC-V, LoongArch and s390 number them (include/uapi/asm-generic/fcntl.h). arm, arm64, powerpc and m68k
 * differ in O_DIRECTORY (040000), and so in O_TMPFILE (020040000). alpha, mips, parisc and sparc number most of these otherwise.
 */
export const O_ACCMODE = 0o3;
export const O_APPEND = 0o2000;
export const O_NONBLOCK = 0o4000;
export const O_DIRECTORY = 0o200000;
export const O_CLOEXEC = 0o2000000;
export const O_PATH = 0o10000000;
/** Contains O_DIRECTORY: test with `(flags & O_TMPFILE) === O_TMPFILE`. */
export const O_TMPFILE = 0o20200000;

/**
 * What the descriptor may be used for. An O_PATH descriptor has access bits 0 and would look readable.
 * Access bits 3 (Linux: opened with both permissions checked, for ioctl only) count as `rw`.
 */
export function accessMode(flags: number): 'r' | 'w' | 'rw' | 'path' {
  if (flags & O_PATH) return 'path';
  switch (flags & O_ACCMODE) {
    case 0:
      return 'r';
    case 1:
      return 'w';
    default:
      return 'rw';
  }
}

/**
 * Reads the base lines by key, in any order, up to the first line that is none; the rest stays as it is, `lock:` lines
 * included. `pos` is empty where the kernel prints none (gVisor). Null without `flags`. A base line without its newline
 * is cut off and not trusted.
 */
export function parseFdInfo(text: ByteString): FdInfo | null {
  let pos = '';
  let flags = -1;
  let mntId = -1;
  let ino: string | undefined;
  let at = 0;
  scan: for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', at)) {
    const colon = text.indexOf(':', at);
    if (colon < 0 || colon > end) break;
    const value = text.slice(colon + 1, end).trim();
    switch (text.slice(at, colon)) {
      case 'pos':
        if (isDecimal(value.startsWith('-') ? value.slice(1) : value)) pos = value;
        break;
      case 'flags':
        flags = parseNumber(value, 0, value.length, 8);
        break;
      case 'mnt_id':
        mntId = parseNumber(value);
        break;
      case 'ino':
        if (isDecimal(value)) ino = value;
        break;
      default:
        break scan;
    }
    at = end + 1;
  }
  if (flags < 0) return null;
  const info: FdInfo = { pos, flags, rest: text.slice(at) };
  if (mntId >= 0) info.mntId = mntId;
  if (ino !== undefined) info.ino = ino;
  return info;
}
