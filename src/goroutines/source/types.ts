import type { Dump } from '../../kernel/goroutines.ts';
import type { Coverage, Target } from '../../report/index.ts';
import type { MemoryFacts } from '../memory/facts.ts';
import type { TraceFacts } from '../trace/facts.ts';

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
  /** Of a look into memory. */
  memory?: MemoryFacts;
  /** Of an execution trace. */
  trace?: TraceFacts;
}

export interface TakeOptions {
  /** Keep every goroutine. */
  rows: boolean;
  /** Keep them where that costs no more: no reason to ask for debug=2. */
  rowsIfCheap?: boolean;
  /** Name the sockets behind descriptors that are waited for: on a busy host that takes longer than all else. */
  sockets?: boolean;
  /** Ask for debug=2 whatever it costs. */
  force: boolean;
  /** Never debug=2. */
  light: boolean;
  /** Ask for the leak profile where it is offered. */
  leaks: boolean;
  entry?: string;
  timeoutMs: number;
}

/** Where ids cost us only: they are kept twice. */
export const MOST_WITH_IDS = 200_000;

export interface Source {
  /** It can be asked again and again. */
  live: boolean;
  /** Single goroutines cost the program nothing, however many there are. */
  isFree?: boolean;
  take(options: TakeOptions): Promise<Taken>;
}
