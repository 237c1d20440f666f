/** /proc/PID/limits, kernel fs/proc/base.c proc_pid_limits. */
import type { ByteString } from '../../evidence/types.ts';
import type { FdLimit } from '../types.ts';
import { parseNumber, wholeLine, words } from './scan.ts';

const LABEL = 'Max open files ';

/** RLIMIT_NOFILE in descriptors; null in a field is "unlimited". Null when the line is missing, cut off or malformed. */
export function parseOpenFilesLimit(text: ByteString): FdLimit | null {
  const line = wholeLine(text, LABEL);
  if (line === undefined) return null;
  const [softText, hardText] = words(line);
  const soft = parseLimit(softText);
  const hard = parseLimit(hardText);
  return soft === undefined || hard === undefined ? null : { soft, hard };
}

function parseLimit(word: ByteString | undefined): number | null | undefined {
  if (word === 'unlimited') return null;
  const value = parseNumber(word ?? '');
  return value < 0 ? undefined : value;
}
