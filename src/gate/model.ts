/** What `gate` asks, what it was told, and what follows of it. */
import type { RuleName } from '../policy/index.ts';
import type { CoverageStatus } from '../report/index.ts';

export type Result = 'go' | 'no-go' | 'no-data';

/** `below`: the threshold itself is too much. `at-least`: the threshold itself is enough. */
export type Comparison = 'below' | 'at-least';

export type Unit = 'requests/s' | 'ratio' | 'ms' | 'goroutines/min' | 's';

/** One rule of one module, before anything is asked. */
export interface PlannedRule {
  module: string;
  name: RuleName;
  threshold: number;
  comparison: Comparison;
  unit: Unit;
  windowMs: number;
  /** Fewer requests say nothing: of rules that are about requests. */
  minRequests?: number;
}

export type Measured = Value | NoData;

export interface Value {
  value: number;
  /** It is so much or more. */
  isLeast?: true;
  /** How many requests, scrapes, pauses or looks it is made of; null where nobody tells. */
  samples: number | null;
  of: 'requests' | 'scrapes' | 'pauses' | 'looks';
  windowMs: number;
  source: string;
  note?: string;
}

export interface NoData {
  problem: string;
  status: CoverageStatus;
  source: string;
  fix?: string;
}

export const hasValue = (measured: Measured): measured is Value => 'value' in measured;

/** One rule as it was judged: the event that the rules of this wing observe. */
export interface JudgedRule extends PlannedRule {
  type: 'gate-rule';
  result: Result;
  /** null: there is none. */
  value: number | null;
  isLeast?: true;
  samples: number | null;
  of: Value['of'] | null;
  source: string | null;
  /** Why it is not GO, or what else is to be known. */
  reason?: string;
  /** Of the coverage, where there is no value. */
  status?: CoverageStatus;
  fix?: string;
}
