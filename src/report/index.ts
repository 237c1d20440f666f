export { fingerprint } from './fingerprint.ts';
export { compareFindings, lastEventRule, type Rule, type RuleDefinition, runRules } from './rule.ts';
export type * from './types.ts';
export { exitCodeOf, verdictOf } from './verdict.ts';
