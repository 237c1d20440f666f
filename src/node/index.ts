/** The public face of the wing. */
export { configure, emptyData, run } from './command.ts';
export { nodeRules } from './rules/index.ts';
