/** A limit of the host or of a cgroup that is nearly or wholly used up. */
import { type Finding, fingerprint, lastEventRule, type Remedy, type RuleDefinition } from '../../report/index.ts';
import { count, percent } from '../../report/words.ts';
import { type HostLimit, NEAR, type OutboundLook } from '../outbound/model.ts';

interface Words {
  kind: HostLimit['kind'];
  /** What it is of, in a title: `open files of this host`. */
  what(limit: HostLimit): string;
  /** What happens at the limit. */
  effect: string;
  remedies(limit: HostLimit): Remedy[];
}

export function limitRule(id: string, { kind, what, effect, remedies }: Words): RuleDefinition<OutboundLook> {
  return lastEventRule(id, 'outbound', ({ limits }) =>
    limits.flatMap((one): Finding[] => {
      const { used, limit, of, source, refused } = one;
      if (one.kind !== kind || limit === null || used < NEAR * limit) return [];
      const reached = used >= limit;
      return [
        {
          id,
          severity: reached ? 'critical' : 'warning',
          confidence: reached ? 'certain' : 'likely',
          because: reached ? 'the kernel counts as many as it allows' : 'little is left at this moment: a burst may take it',
          title: reached ? `the limit of ${what(one)} is reached: ${count(used)} of ${count(limit)}; ${effect}` : `${percent(used / limit)} of ${what(one)} in use: ${count(used)} of ${count(limit)}; at the limit ${effect}`,
          subject: { kind: 'limit', key: of === undefined ? kind : `${kind} of ${of}` },
          evidence: [{ name: `${kind} in use`, value: used, limit, source }, ...(refused ? [{ name: 'refused so far', value: refused, source: source.replace(/max$/, 'events') }] : [])],
          remedy: remedies(one),
          fingerprint: fingerprint(id, of === undefined ? 'host' : 'part'),
        },
      ];
    }),
  );
}
