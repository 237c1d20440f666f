import type { Finding, RuleDefinition } from '../../report/index.ts';
import type { NodeLook } from '../model.ts';
import type { NodeTrends } from '../watch/event.ts';

/** What the rules of this wing may be shown; events of others pass by. */
export type NodeObservation = NodeLook | NodeTrends;

/** A rule that judges looks at Node processes: the last of each process. */
export function lookRule(id: string, judge: (look: NodeLook) => Finding[]): RuleDefinition<NodeObservation> {
  return {
    id,
    create() {
      const last = new Map<string, NodeLook>();
      return {
        observe(event) {
          if (event.type === 'node') last.set(`${event.process.pid} ${event.process.startTime}`, event);
        },
        finish: () => [...last.values()].flatMap(judge),
      };
    },
  };
}
