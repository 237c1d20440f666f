import type { Finding, RuleDefinition } from '../report/index.ts';
import type { Observation } from '../series/index.ts';
import type { InotifyLook } from './instances/model.ts';
import type { ProbeLook } from './probe/model.ts';

/** What the rules of this wing may be shown: events of others pass by. */
export type InotifyObservation = Observation | InotifyLook | ProbeLook;

/** A rule that judges one look at the inotify instances of some processes, or one probe; of several the last. */
export function lookRule(id: string, judge: (look: InotifyLook) => Finding[], judgeProbe?: (probe: ProbeLook) => Finding[]): RuleDefinition<InotifyObservation> {
  return {
    id,
    create() {
      let last: InotifyLook | undefined;
      let probe: ProbeLook | undefined;
      return {
        observe(event) {
          if (event.type === 'inotify') last = event;
          if (event.type === 'inotify-probe') probe = event;
        },
        finish: () => [...(last ? judge(last) : []), ...(probe && judgeProbe ? judgeProbe(probe) : [])],
      };
    },
  };
}
