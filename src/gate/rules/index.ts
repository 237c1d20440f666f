/** The rules of this wing: one for each rule that a policy may hold, named like that. */
import type { RuleDefinition } from '../../report/index.ts';
import type { JudgedRule } from '../model.ts';
import type { RuleName } from '../names.ts';
import { overThreshold, REMEDIES } from './over-threshold.ts';

export const gateRules: readonly RuleDefinition<JudgedRule>[] = (Object.keys(REMEDIES) as RuleName[]).map(overThreshold);
