/** What the kernel told a program about itself when it began, /proc/PID/auxv: include/uapi/linux/auxvec.h, fs/binfmt_elf.c. */
import { readFileSync } from 'node:fs';

const AT_NULL = 0;
const AT_EUID = 12;

/** Throws EACCES and EPERM (no ptrace access), ENOENT, and ENODATA where there is no such entry (a thread of the kernel). */
export function startedAs(pid: number): number {
  const uid = effectiveUserIn(readFileSync(`/proc/${pid}/auxv`));
  if (uid === undefined) throw Object.assign(new Error('no AT_EUID'), { code: 'ENODATA' });
  return uid;
}

/** Pairs of words as wide as those of the program: types are small, so that the upper half of a wide one is zero; a first value is not. */
export function effectiveUserIn(bytes: Buffer): number | undefined {
  if (bytes.length < 8) return undefined;
  const width = bytes.readUInt32LE(4) === 0 ? 8 : 4;
  const word = (at: number): number => (width === 8 ? Number(bytes.readBigUInt64LE(at)) : bytes.readUInt32LE(at));
  for (let at = 0; at + 2 * width <= bytes.length; at += 2 * width) {
    const type = word(at);
    if (type === AT_NULL) return undefined;
    if (type === AT_EUID) return word(at + width);
  }
  return undefined;
}
