/** The public face of the wing. */
export { collectListen } from './collect.ts';
export { configure, emptyData, run } from './command.ts';
export type { ListenData } from './data.ts';
