/** The rules of this wing: a new one is one file, one line here (or in ../instances/rules.ts), one page in docs/findings. */
import type { RuleDefinition } from '../../report/index.ts';
import { instanceRules } from '../instances/rules.ts';
import type { InotifyUsersEvent } from '../limits/event.ts';
import type { InotifyObservation } from '../look-rule.ts';
import { demand } from './demand.ts';
import { instances } from './instances.ts';
import { watches } from './watches.ts';

/** What users may have. */
export const limitRules: readonly RuleDefinition<InotifyUsersEvent>[] = [instances, watches, demand];

export const inotifyRules: readonly RuleDefinition<InotifyUsersEvent | InotifyObservation>[] = [...limitRules, ...instanceRules];
