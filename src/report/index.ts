export { fingerprint } from './fingerprint.ts';
export { atOrAbove, compareFindings, type Rule, type RuleDefinition, runRules } from './rule.ts';
export type * from './types.ts';
export { exitCodeOf, verdictOf } from './verdict.ts';
