/**
 * The small document model in which a command describes what it shows below the findings. It holds raw text: each
 * format escapes it in its own way, so names read from a target may be put in as they are.
 */

export type Tone = 'critical' | 'warning' | 'info' | 'good' | 'dim' | 'strong';

/** A number is shown as its plain digits; use `count` of format.ts where thousands should be set apart. */
export type Cell = string | number | { text: string; tone: Tone };

export interface Column {
  /** When every title of a table is empty there is no header line. */
  title: string;
  align?: 'left' | 'right';
  /** Columns of the terminal this one keeps when the table must shrink (default 12 for a flex column, else its natural width). */
  min?: number;
  /** Gives way first, and takes the rest when it comes last. Shortened in the middle, on a terminal only. */
  flex?: boolean;
}

export interface TableBlock {
  type: 'table';
  columns: Column[];
  /** Read once, one row at a time: may be a generator over very many rows. Missing cells are empty. */
  rows: Iterable<readonly Cell[]>;
  /** Spaces before each line. */
  indent?: number;
}

/** What was counted at each sample. Formats without pictures say where it began and ended. */
export interface ChartBlock {
  type: 'chart';
  title: string;
  /** What is counted: `descriptors`. */
  unit: string;
  /** Times in ms, ascending; at least two. */
  points: readonly { atMs: number; value: number }[];
  /** A line that must not be reached. */
  limit?: number;
}

export type Block =
  | { type: 'heading'; text: string }
  | { type: 'paragraph'; text: string; tone?: Tone }
  | TableBlock
  | ChartBlock
  | { type: 'facts'; items: readonly (readonly [label: string, value: Cell])[] }
  | { type: 'list'; items: readonly string[] }
  | { type: 'command'; text: string; note?: string }
  /** Lines that are laid out already: kept as they are. */
  | { type: 'preformatted'; text: string }
  | { type: 'blank' };
