/** /proc/sys/fs/file-nr, kernel fs/file_table.c proc_nr_files. */
import type { ByteString } from '../../evidence/types.ts';
import { parseNumber, wholeLines, words } from './scan.ts';

/**
 * Open file descriptions of the host and their ceiling fs.file-max, which often is 2^63 - 1 and then comes as
 * Number.MAX_SAFE_INTEGER. The second number of the file has been 0 since Linux 2.6. Null when cut off or malformed.
 */
export function parseFileNr(text: ByteString): { allocated: number; max: number } | null {
  const [allocatedText, , maxText] = words(wholeLines(text)[0] ?? '');
  const allocated = parseNumber(allocatedText ?? '');
  const max = parseNumber(maxText ?? '');
  return allocated < 0 || max < 0 ? null : { allocated, max };
}
