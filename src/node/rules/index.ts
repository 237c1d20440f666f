/** The rules of this wing: a new one is one file, one line here, one page in docs/findings. */
import type { RuleDefinition } from '../../report/index.ts';
import type { NodeLook } from '../model.ts';

export const nodeRules: readonly RuleDefinition<NodeLook>[] = [];
