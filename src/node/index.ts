/** The public face of the wing. */
export { configure, emptyData, run } from './command.ts';
