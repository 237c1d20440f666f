/** The public face of the wing. */
export { collectPreflight } from './collect.ts';
export { preflightWith } from './command.ts';
export { preflightRules } from './rules/index.ts';
