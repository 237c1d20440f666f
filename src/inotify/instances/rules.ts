/** The rules about instances of a process: a new one is one file in ../rules, one line here, one page in docs/findings. */
import type { RuleDefinition } from '../../report/index.ts';
import type { InotifyObservation } from '../look-rule.ts';
import { blindFilesystem } from '../rules/blind-filesystem.ts';
import { churn } from '../rules/churn.ts';
import { deadWatch } from '../rules/dead-watch.ts';
import { overflow } from '../rules/overflow.ts';
import { queue } from '../rules/queue.ts';

export const instanceRules: readonly RuleDefinition<InotifyObservation>[] = [overflow, deadWatch, queue, blindFilesystem, churn];
