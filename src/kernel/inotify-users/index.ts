export { FIRST_FILES, FIRST_USER_NAMESPACE } from './levels.ts';
export type * from './types.ts';
export { readInotifyUsers, tryWatches } from './users.ts';
