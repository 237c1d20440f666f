/** The public face of the wing. Commands are loaded one by one: a run needs one of them. */
export const loadInstances = () => import('./instances/command.ts');
export const loadProbe = () => import('./probe/command.ts');
export const loadLimits = () => import('./limits/command.ts');
export { collectInotify } from './instances/collect.ts';
export type { InotifyData } from './instances/data.ts';
export { askUser, type UserQuestion } from './limits/ask.ts';
export type { InotifyUsersEvent } from './limits/event.ts';
export { type Room, roomOf, settingOf } from './limits/fit.ts';
export { inotifyRules } from './rules/index.ts';
