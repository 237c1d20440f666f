/** The public face of the wing. */
export { configure, run } from './command.ts';
export { fdRules } from './rules/index.ts';
export type { FdsData } from './data.ts';
