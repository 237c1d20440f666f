/** The public face of the wing. */
export { collectTasks } from './collect.ts';
export { configure, DEFAULT_MS as TASKS_MS, emptyData, run } from './command.ts';
export { taskRules } from './rules/index.ts';
export type { TasksData } from './data.ts';
