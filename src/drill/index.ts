/** The public face of the command. */
export { configure, emptyData, run } from './command.ts';
