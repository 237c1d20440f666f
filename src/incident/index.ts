/** The public face of the wing: the command `report`. */
export { configure, emptyData, run } from './command.ts';
