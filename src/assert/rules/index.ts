/** The rules of this wing. To add one: one file, one line here. */
import type { RuleDefinition } from '../../report/index.ts';
import type { RunEvent } from '../model.ts';
import { goroutinesLeft } from './goroutines-left.ts';
import { growth } from './growth.ts';
import { leftBehind, timedOut } from './left-behind.ts';
import { openAtExit } from './open-at-exit.ts';
import { testLeak } from './test-leak.ts';

export const assertRules: readonly RuleDefinition<RunEvent>[] = [openAtExit, leftBehind, timedOut, testLeak, goroutinesLeft, growth];
