import { type Finding, lastEventRule, type RuleDefinition } from '../report/index.ts';
import type { ListenLook } from './model.ts';

/** A rule that judges one look at listeners; of several the last. */
export function lookRule(id: string, judge: (look: ListenLook) => Finding[]): RuleDefinition<ListenLook> {
  return lastEventRule(id, 'listen', judge);
}
