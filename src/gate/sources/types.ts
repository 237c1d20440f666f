/** Whoever can tell the value of a rule. */
import type { RuleName } from '../../policy/index.ts';
import type { Measured, PlannedRule } from '../model.ts';

export interface Source {
  name: string;
  /** Can it tell of this rule at all? */
  covers(rule: RuleName): boolean;
  /** An answer for each; never throws for what the world refuses. @throws UserError for what the user must mend */
  measure(rules: readonly PlannedRule[]): Promise<Map<RuleName, Measured>>;
}

/** What all sources are given. */
export interface Asking {
  signal: AbortSignal;
  /** For each answer as a whole. */
  timeoutMs: number;
}
