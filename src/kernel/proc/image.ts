/** Which program image a process runs, /proc/PID/stat of fs/proc/array.c do_task_stat: told only to who may trace it, else zeros. */
import type { ByteString } from '../../evidence/types.ts';
import { isDecimal, parseNumber } from './scan.ts';

export interface ProcImage {
  /** Field 19. */
  nice: number;
  /**
   * Fields 28, 48 and 50 (start of stack, arguments, environment), which each exec places at random and fork keeps: equal in two
   * processes of one file, they run the very same image. Empty where it is not told.
   */
  placed: string;
}

/** Null when the line is cut off before field 50, or none. */
export function parseImage(text: ByteString): ProcImage | null {
  const close = text.lastIndexOf(') ');
  if (close < 0) return null;
  // Field 3 is the first behind the name.
  const fields = text.slice(close + 2).split(' ');
  const [nice, stack, args, environ] = [19, 28, 48, 50].map((number) => fields[number - 3] ?? '');
  const value = nice!.startsWith('-') ? -parseNumber(nice!.slice(1)) : parseNumber(nice!);
  if (fields.length <= 48 || Math.abs(value) > 20 || ![stack!, args!, environ!].every((word) => isDecimal(word))) return null;
  return { nice: value, placed: stack === '0' || args === '0' ? '' : `${stack} ${args} ${environ}` };
}
