/** The strace wing: logs of strace, and what they show of descriptors. */
export { configure, run } from './command.ts';
export { emptyData, type StraceData } from './data.ts';
export { isStraceLog } from './is-log.ts';
export { type LeftSites, openingSites } from './live/sites.ts';
