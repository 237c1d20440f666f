/** The public face of the wing. */
export { collectTasks } from './collect.ts';
export { configure, emptyData, run } from './command.ts';
export { taskRules } from './rules/index.ts';
export type { TasksData } from './data.ts';
