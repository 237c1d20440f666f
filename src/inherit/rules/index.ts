import type { RuleDefinition } from '../../report/index.ts';
import type { InheritLook } from '../model.ts';
import { binaryReplaced } from './binary-replaced.ts';
import { contextLost } from './context-lost.ts';
import { inherited } from './inherited.ts';
import { variablesLost } from './variables-lost.ts';

export const inheritRules: readonly RuleDefinition<InheritLook>[] = [contextLost, binaryReplaced, inherited, variablesLost];
