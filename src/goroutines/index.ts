import { configure, run } from './gc/index.ts';

export { configure, emptyData, recordGoroutines, run } from './command.ts';
export type { GoroutinesData } from './data.ts';
/** The command `gc`. */
export const gc = { configure, run };
export { NotGo } from './source/memory.ts';
export { parseGc } from './gc/parse.ts';
export { countGoroutinesOf } from './processes.ts';
export { goroutinesOf, type PlacedGoroutines } from './placed.ts';
