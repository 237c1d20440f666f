/** What the steps of the program add up to. */
import type { Coverage } from '../../report/index.ts';
import type { Behind, OverflowTry } from './model.ts';
import type { Cell, Skipped } from './run-cells.ts';
import type { Step } from './steps.ts';

export interface Gathered {
  /** How many cells there would be. */
  total: number;
  directory?: string;
  scratch?: string;
  cells: Cell[];
  skipped: Skipped[];
  behind: Behind[];
  behindPath?: string;
  overflow?: OverflowTry;
  notes: Coverage[];
  refused?: Extract<Step, { step: 'refused' }>;
  /** `silent`: it said nothing for too long; `broken`: it ended without a word. */
  ended?: 'done' | 'signal' | 'silent' | 'broken';
  /** It had to be killed: a call into the file system did not return. */
  hung: boolean;
  /** What was begun last. */
  doing: string;
}

export function nothingGathered(total: number): Gathered {
  return { total, cells: [], skipped: [], behind: [], notes: [], hung: false, doing: 'looking at the directory' };
}

/** Adds one step. */
export function gather(gathered: Gathered, step: Step, progress: (text: string) => void): void {
  switch (step.step) {
    case 'progress':
      gathered.doing = step.text;
      progress(`${gathered.cells.length + gathered.skipped.length} of ${gathered.total}: ${step.text}`);
      break;
    case 'at':
      Object.assign(gathered, { directory: step.directory, scratch: step.scratch });
      break;
    case 'cell':
      gathered.cells.push(step.cell);
      break;
    case 'skipped':
      gathered.skipped.push(step.skipped);
      break;
    case 'behind':
      Object.assign(gathered, { behind: step.behind, behindPath: step.behindPath });
      break;
    case 'overflow':
      gathered.overflow = step.overflow;
      break;
    case 'note':
      gathered.notes.push(step.coverage);
      break;
    case 'refused':
      gathered.refused = step;
      if (step.known) gathered.directory = step.known.directory;
      break;
    case 'end':
      gathered.ended = step.stopped ? 'signal' : 'done';
  }
}
