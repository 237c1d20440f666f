import { processLabel } from '../../kernel/services.ts';
import { subjectOf } from '../../kernel/snapshot-rule.ts';
import { type Finding, fingerprint, type RuleDefinition } from '../../report/index.ts';
import { count, duration } from '../../report/words.ts';
import type { HandleKind } from '../model.ts';
import type { HandleTrend, NodeTrends } from '../watch/event.ts';
import { closingCall } from './closing.ts';
import type { NodeObservation } from './look-rule.ts';

const ID = 'node/handle-growth';

/** Handles of one origin that become more and more while others of it are not closed: a leak, with its rate. */
export const handleGrowth: RuleDefinition<NodeObservation> = {
  id: ID,
  create() {
    const last = new Map<number, NodeTrends>();
    return {
      observe(event) {
        if (event.type === 'node-trends') last.set(event.process.pid, event);
      },
      finish: () => [...last.values()].flatMap((event) => event.groups.filter(({ trend }) => trend === 'growing').map((group) => findingOf(group, event))),
    };
  },
};

function findingOf(group: HandleTrend, { process, windowMs, samples, major }: NodeTrends): Finding {
  const origin = { site: 'made at', remote: 'to', path: 'on', callback: 'calling', kind: '' }[group.by] ?? '';
  return {
    id: ID,
    severity: 'warning',
    confidence: group.quality === 'exact' ? 'likely' : 'hint',
    because: group.because,
    title: `${processLabel(process)}: +${count(group.growthPerMinute)} ${group.kind} a minute${group.key === '' ? '' : ` ${origin} ${group.key}`}`,
    subject: subjectOf(group.kind, group.key, process),
    evidence: [
      { name: 'at the start', value: group.atStart, source: `/proc/${process.pid}/fd` },
      { name: 'at the end', value: group.atEnd, source: `/proc/${process.pid}/fd` },
      { name: 'opened meanwhile', value: group.births, source: `${samples} samples in ${duration(windowMs)}` },
      { name: 'closed meanwhile', value: group.deaths, source: `${samples} samples in ${duration(windowMs)}` },
    ],
    remedy: [{ text: closingCall(group.kind as HandleKind, major), risk: 'none' }],
    fingerprint: fingerprint(ID, group.kind, group.by === 'remote' ? 'remote' : group.key),
  };
}
