/** /proc/net tables of words under a header line, read by column name. */
import type { ByteString } from '../../evidence/types.ts';
import { wholeLines, words } from './scan.ts';

/**
 * Calls `visit` with a reader of columns for every row that has as many words as the header; the reader answers `''` for a
 * column the header lacks. Other rows, and a last row without its newline, are skipped.
 */
export function scanColumns(text: ByteString, visit: (column: (name: string) => ByteString) => void): void {
  const [header, ...rows] = wholeLines(text);
  const index = new Map(words(header ?? '').map((name, i) => [name, i]));
  for (const row of rows) {
    const cells = words(row);
    if (cells.length === index.size) visit((name) => cells[index.get(name) ?? -1] ?? '');
  }
}
