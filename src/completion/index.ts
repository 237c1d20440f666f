/** The public face of the command. */
export { configure, run } from './command.ts';
