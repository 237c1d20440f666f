/** What the cells mean for somebody who wants to see every change of a file. */
import { blindnessOf } from '../filesystems.ts';
import type { Behind, Conclusion } from './model.ts';
import type { Cell } from './run-cells.ts';

/** What every program does to files sooner or later. */
const ORDINARY = ['append', 'truncate', 'rename', 'unlink-create'];

export function conclude(cells: readonly Cell[], behind: readonly Behind[], fsType: string | undefined): { conclusion: Conclusion; because: string } {
  const seen = (watch: Cell['watch']): boolean[] => ORDINARY.map((pattern) => cells.find((cell) => cell.pattern === pattern && cell.watch === watch)?.events.length !== 0);
  const isTried = ORDINARY.every((pattern) => cells.some((cell) => cell.pattern === pattern && cell.watch === 'parent'));
  const blindness = fsType === undefined ? undefined : blindnessOf(fsType);
  if (cells.length === 0 && blindness) return { conclusion: 'poll', because: `nothing could be tried; of ${fsType} it is known: ${blindness.why}` };
  if (!isTried) return { conclusion: 'unknown', because: 'not all of the ordinary changes could be tried' };
  if (!seen('parent').some(Boolean) && !seen('file').some(Boolean)) return { conclusion: 'poll', because: 'not even changes made here are told' };
  const isMissed = behind.some(({ events, visible }) => visible && events.length === 0);
  // Nobody may change a layer while it is mounted (Documentation/filesystems/overlayfs.rst): no reason to poll.
  if (isMissed && fsType !== 'overlay') {
    return { conclusion: 'poll', because: `changes made here are told, changes made behind this mount${fsType === undefined ? '' : ` (${fsType})`} were not, and could be read all the same: poll, unless all changes are made here` };
  }
  if (blindness) return { conclusion: 'poll', because: `changes made here are told; ${blindness.why}: poll, unless all changes are made here` };
  if (seen('parent').every(Boolean)) {
    const lost = cells.filter((cell) => cell.watch === 'file' && !cell.alive).length;
    const layers = isMissed ? '; a write straight into a layer of the overlay is not told, and is not allowed while it is mounted' : '';
    return { conclusion: 'watch-directory', because: `a watch on the directory sees every ordinary change and lives on; one on the file is dead after ${lost} of the patterns${layers}` };
  }
  return { conclusion: 'watch-file', because: 'a watch on the directory misses ordinary changes that one on the file sees' };
}
