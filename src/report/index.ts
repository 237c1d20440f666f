export { fingerprint } from './fingerprint.ts';
export { lastEventRule, type Rule, type RuleDefinition, runRules } from './rule.ts';
export type * from './types.ts';
export { exitCodeOf, verdictOf } from './verdict.ts';
