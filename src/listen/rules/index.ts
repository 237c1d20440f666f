/** The rules about looks at listeners: a new one is one file, one line here, one page in docs/findings, two tapes. */
import type { RuleDefinition } from '../../report/index.ts';
import type { ListenLook } from '../model.ts';
import { backlogClipped } from './backlog-clipped.ts';
import { heldTwice } from './held-twice.ts';
import { neverAccepted } from './never-accepted.ts';
import { overflows } from './overflows.ts';

export const listenRules: readonly RuleDefinition<ListenLook>[] = [backlogClipped, heldTwice, neverAccepted, overflows];
