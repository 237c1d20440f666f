import type { FailOn, Report } from '../report/types.ts';
import type { Block } from './document.ts';

/**
 * Where rendered text goes. `write` may answer with a promise when the reader is slower than we are: await it.
 * `closed` is true once nobody reads any more; later writes are dropped, so a producer may stop early.
 */
export interface Sink {
  write(chunk: string): void | Promise<void>;
  readonly closed?: boolean;
}

export interface RenderOptions {
  /** ANSI colours, decided once per stream by `wantsColour`. */
  colour: boolean;
  /** Width of the terminal. Absent or 0: not a terminal, nothing is cut or wrapped. */
  columns?: number | undefined;
  /** All evidence, all coverage, `info` findings in full. */
  verbose?: boolean | undefined;
  /** The headline only (formats for people). */
  quiet?: boolean | undefined;
  /** Ids of the rules that looked, for formats in which what passed is told too. */
  checked?: readonly string[] | undefined;
  /** From this severity up a finding fails the run. */
  failOn?: FailOn | undefined;
  /** The file that a finding without a line of its own is shown at, relative to the repository. */
  anchor?: string | undefined;
}

/** One output format. Formats for machines ignore `body`, which is the same facts in words. */
export interface Format {
  name: string;
  /** Usual file name ending, without the dot. */
  extension: string;
  /** Made to be handed on: what has names of its own shows pseudonyms there, where it can. */
  isShared?: true;
  render(report: Report, body: Iterable<Block>, sink: Sink, options: RenderOptions): void | Promise<void>;
}
