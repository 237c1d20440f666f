/** The public face of the wing. */
export { configure, run } from './command.ts';
