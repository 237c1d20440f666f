import type { Dump } from '../../kernel/goroutines.ts';
import type { Coverage, Target } from '../../report/index.ts';

/** A dump, and what is known of where it came from. */
export interface Taken {
  dump: Dump;
  /** Where anybody can look it up. */
  source: string;
  /** How the user asks for it again. */
  again: string;
  /** For people. */
  label: string;
  /** When it was made, ms since 1970, as far as known. */
  atMs?: number;
  announced?: number;
  pid?: number;
  target: Target | null;
  coverage: Coverage[];
}

export interface TakeOptions {
  /** Keep every goroutine. */
  rows: boolean;
  /** Keep them where that costs no more: no reason to ask for debug=2. */
  rowsIfCheap?: boolean;
  /** Ask for debug=2 whatever it costs. */
  force: boolean;
  /** Never debug=2. */
  light: boolean;
  /** Ask for the leak profile where it is offered. */
  leaks: boolean;
  entry?: string;
  timeoutMs: number;
}
