/** What the program that tries things out tells us as it goes, one line of JSON each: where it hangs, what came before is there. */
import type { Coverage } from '../../report/index.ts';
import type { Behind, OverflowTry } from './model.ts';
import type { Cell, Skipped } from './run-cells.ts';

export type Step =
  | { step: 'progress'; text: string }
  /** The directory without symbolic links, and the fresh one that it works in. */
  | { step: 'at'; directory: string; scratch: string }
  | { step: 'cell'; cell: Cell }
  | { step: 'skipped'; skipped: Skipped }
  | { step: 'behind'; behind: Behind[]; behindPath: string }
  | { step: 'overflow'; overflow: OverflowTry }
  | { step: 'note'; coverage: Coverage }
  /** It cannot be tried at all. */
  | { step: 'refused'; message: string; exitCode: 2 | 3; hints: string[]; known?: { directory: string } }
  | { step: 'end'; stopped: boolean };

export type Tell = (step: Step) => void;
