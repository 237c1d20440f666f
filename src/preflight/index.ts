/** The public face of the wing. */
export { collectPreflight } from './collect.ts';
export { configure, emptyData, run } from './command.ts';
export { preflightRules } from './rules/index.ts';
