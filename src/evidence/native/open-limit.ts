/** prlimit(2) of others: one of the sixteen limits that the kernel writes down for each reader of /proc/PID/limits, in a tenth of the time. */
import type { OpenFilesLimit } from '../types.ts';
import type { Libc } from './libc.ts';
import { callNumber } from './numbers.ts';

/** include/uapi/asm-generic/resource.h */
const RLIMIT_NOFILE = 7;
const INFINITY = 2n ** 64n - 1n;
/** struct rlimit64: soft, then hard. */
const answer = Buffer.alloc(16);

/** undefined for whom it is refused: processes of other users without CAP_SYS_RESOURCE, and those that are gone. */
export function openFilesLimit(libc: Libc, pid: number): OpenFilesLimit | undefined {
  if (libc.syscall(callNumber('prlimit64'), pid, RLIMIT_NOFILE, null, answer) !== 0) return undefined;
  return { soft: limitAt(0), hard: limitAt(8) };
}

function limitAt(offset: number): number | null {
  const high = answer.readUInt32LE(offset + 4);
  if (high === 0) return answer.readUInt32LE(offset);
  const value = answer.readBigUInt64LE(offset);
  return value === INFINITY ? null : Number(value);
}
