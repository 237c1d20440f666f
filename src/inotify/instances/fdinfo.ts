/** The lines of an inotify instance in /proc/PID/fdinfo/N, kernel fs/notify/fdinfo.c inotify_fdinfo. */
import type { ByteString, FileHandle } from '../../evidence/types.ts';

/** One watch as the kernel prints it. */
export interface RawWatch {
  wd: number;
  /** Inode number, decimal. */
  ino: string;
  /** Device of the file system, from the kernel's own encoding (MAJOR << 20 | MINOR). */
  major: number;
  minor: number;
  mask: number;
  ignoredMask: number;
  /** Absent where the kernel has none, or could not make one. */
  handle?: FileHandle | undefined;
}

const LINE = /^inotify wd:([0-9a-f]+) ino:([0-9a-f]+) sdev:([0-9a-f]+) mask:([0-9a-f]+) ignored_mask:([0-9a-f]+)(?: *fhandle-bytes:([0-9a-f]+) fhandle-type:([0-9a-f]+) f_handle:([0-9a-f]+))? *$/;
const MOST_WD = 0x7fffffff;

/**
 * Watches in the order of the kernel (newest first). A watch whose inode is going away prints no line at all, so that their
 * number is a lower bound. Every number is hexadecimal.
 */
export function parseWatches(rest: ByteString): RawWatch[] {
  const watches: RawWatch[] = [];
  for (const line of rest.split('\n')) {
    const fields = LINE.exec(line);
    if (!fields) continue;
    const [, wd = '', ino = '', sdev = '', mask = '', ignored = '', size, type, bytes] = fields;
    const number = Number.parseInt(wd, 16);
    const device = Number.parseInt(sdev, 16);
    if (number > MOST_WD || device > 0xffffffff || ino.length > 16) continue;
    watches.push({
      wd: number,
      ino: decimal(ino),
      major: Math.floor(device / 0x100000),
      minor: device % 0x100000,
      mask: Number.parseInt(mask, 16),
      ignoredMask: Number.parseInt(ignored, 16),
      handle: bytes !== undefined && bytes.length === 2 * Number.parseInt(size!, 16) ? { type: Number.parseInt(type!, 16), bytes } : undefined,
    });
  }
  return watches;
}

/** Digits that a double surely holds. */
const SAFE_DIGITS = 13;

function decimal(hex: string): string {
  return hex.length <= SAFE_DIGITS ? String(Number.parseInt(hex, 16)) : BigInt(`0x${hex}`).toString();
}

/** Major and minor of st_dev as the C library encodes it (decimal text). */
export function deviceOf(dev: string): { major: number; minor: number } {
  const value = BigInt(dev);
  return {
    major: Number(((value >> 8n) & 0xfffn) | ((value >> 32n) & 0xfffff000n)),
    minor: Number((value & 0xffn) | ((value >> 12n) & 0xffffff00n)),
  };
}
