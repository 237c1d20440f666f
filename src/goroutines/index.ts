import { configure, run } from './gc/index.ts';

export { configure, emptyData, run } from './command.ts';
export type { GoroutinesData } from './data.ts';
/** The command `gc`. */
export const gc = { configure, run };
