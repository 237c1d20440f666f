import type { BigIntStats, Stats } from 'node:fs';
import type { FileStat } from './types.ts';

/** stat(2) counts blocks of this many bytes, whatever those of the file system are. */
const BLOCK_BYTES = 512;

/** What is asked of a file, from what Node makes of stat(2). Inodes beyond 2^53 are exact only in the form with bigints. */
export function fileStatOf({ dev, ino, mode, nlink, size, blocks, ctimeMs }: Stats | BigIntStats): FileStat {
  // In seconds, as a reader of another kind tells them.
  const changedMs = Math.floor(Number(ctimeMs) / 1000) * 1000;
  return { dev: String(dev), ino: String(ino), mode: Number(mode), nlink: Number(nlink), size: Number(size), allocatedBytes: Number(blocks) * BLOCK_BYTES, changedMs };
}
