import type { Snapshot } from '../../kernel/types.ts';
import type { RuleDefinition } from '../../report/index.ts';
export const socketRules: readonly RuleDefinition<Snapshot>[] = [];
