/** Lowers the soft limit of descriptors of this very process: Node has no call for it, and at its start raises it to the hard limit. */
import { readFileSync } from 'node:fs';
import { loadLibc } from '../evidence/native/libc.ts';
import { parseOpenFilesLimit } from '../kernel/proc/limits.ts';

const RLIMIT_NOFILE = 7;
/** prlimit64 by `process.arch`. */
const SYS_PRLIMIT64: Readonly<Record<string, number>> = { x64: 302, arm64: 261 };

/** True when the limit now is `soft`; false where it cannot be lowered (no native calls, another machine). */
export function lowerSoftLimit(soft: number): boolean {
  const number = SYS_PRLIMIT64[process.arch];
  const limit = parseOpenFilesLimit(readFileSync('/proc/self/limits', 'latin1'));
  const libc = process.env.RELOADCTL_NO_NATIVE ? null : loadLibc();
  if (number === undefined || libc === null || !limit || (limit.hard !== null && limit.hard < soft)) return false;
  const value = Buffer.alloc(16);
  value.writeBigUInt64LE(BigInt(soft), 0);
  // RLIM_INFINITY is all ones.
  value.writeBigUInt64LE(limit.hard === null ? 0xffff_ffff_ffff_ffffn : BigInt(limit.hard), 8);
  return libc.syscall(number, 0, RLIMIT_NOFILE, value, null) === 0;
}
