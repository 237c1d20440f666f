export { configure, run } from './command.ts';
