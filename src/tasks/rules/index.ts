import type { RuleDefinition } from '../../report/index.ts';
import type { TasksLook } from '../model.ts';
import { blockedOnFd } from './blocked-on-fd.ts';
import { dState } from './d-state.ts';
import { lockCycle } from './lock-cycle.ts';
import { threadpoolStarved } from './threadpool-starved.ts';

export const taskRules: readonly RuleDefinition<TasksLook>[] = [blockedOnFd, dState, lockCycle, threadpoolStarved];
