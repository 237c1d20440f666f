/** `data` of the report: the part scripts read. Add keys, never change them. */
import type { Behind, Conclusion, OverflowTry, ProbeLook } from './model.ts';
import type { Cell, Skipped } from './run-cells.ts';

export interface ProbeData {
  directory: string | null;
  fsType: string | null;
  mountPoint: string | null;
  cells: Cell[];
  /** What this file system cannot do. */
  skipped: Skipped[];
  behind: Behind[];
  conclusion: Conclusion;
  because: string;
  overflow?: OverflowTry;
}

export const emptyProbe: ProbeData = { directory: null, fsType: null, mountPoint: null, cells: [], skipped: [], behind: [], conclusion: 'unknown', because: 'nothing could be tried' };

export function buildData({ directory, fsType, mountPoint, cells, skipped, behind, conclusion, because }: ProbeLook, overflow: OverflowTry | undefined): ProbeData {
  return { directory, fsType: fsType ?? null, mountPoint: mountPoint ?? null, cells, skipped, behind, conclusion, because, ...(overflow && { overflow }) };
}
