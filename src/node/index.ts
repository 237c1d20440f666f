/** The public face of the wing. */
export { configure, emptyData, recordNodes, run } from './command.ts';
export type { NodeData } from './data.ts';
