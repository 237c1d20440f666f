/** The public face of the wing. */
export { configure, emptyData, run } from './command.ts';
export { fdRules } from './rules/index.ts';
export type { FdsData } from './data.ts';
export { parseWatch, queuesMsOf } from './watch/options.ts';
export { watchTarget } from './watch/run.ts';
export { type CountedProcess, countProcesses, nearTheirLimit } from './top.ts';
export { type Around, descriptorsAround, type Moment } from './around.ts';
