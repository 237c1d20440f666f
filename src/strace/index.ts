/** The strace wing: logs of strace, and what they show of descriptors. */
export { configure, run } from './command.ts';
export type { StraceData } from './data.ts';
