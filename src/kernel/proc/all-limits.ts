/** All lines of /proc/PID/limits, kernel fs/proc/base.c proc_pid_limits: a name of 25 columns, two limits, a unit. */
import type { ByteString } from '../../evidence/types.ts';
import { wholeLines } from './scan.ts';

export interface Limits {
  /** null is "unlimited". Numbers are exact: some limits exceed 2^53. */
  soft: bigint | null;
  hard: bigint | null;
}

const LINE = /^(Max \S.*?) +(unlimited|\d{1,20}) +(unlimited|\d{1,20})(?: +\S+)? *$/;

/** By name as the kernel writes it (`Max open files`); lines of another form are left out. */
export function parseLimits(text: ByteString): Map<string, Limits> {
  const limits = new Map<string, Limits>();
  for (const line of wholeLines(text)) {
    const [, name, soft, hard] = LINE.exec(line) ?? [];
    if (name !== undefined) limits.set(name, { soft: limitOf(soft!), hard: limitOf(hard!) });
  }
  return limits;
}

function limitOf(word: string): bigint | null {
  return word === 'unlimited' ? null : BigInt(word);
}
