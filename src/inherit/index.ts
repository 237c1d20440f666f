/** The public face of the wing. */
export { recordGenerations } from './collect.ts';
export { configure, emptyData, run } from './command.ts';
export { inheritRules } from './rules/index.ts';
export { mainsOf } from './tree.ts';
