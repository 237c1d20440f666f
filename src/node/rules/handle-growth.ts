import { processLabel } from '../../kernel/services.ts';
import { subjectOf } from '../../kernel/snapshot-rule.ts';
import { type Finding, fingerprint, type RuleDefinition } from '../../report/index.ts';
import { count, duration } from '../../report/words.ts';
import type { HandleKind } from '../model.ts';
import { DESCRIPTOR, type HandleTrend, type NodeTrends } from '../watch/event.ts';
import { CLOSE_FILE, closingCall } from './closing.ts';
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

/** Timers that fire once end in a window longer than their delay, or do not: a shorter one cannot tell. */
function firesLater({ delayMs }: HandleTrend, windowMs: number): boolean {
  return delayMs !== undefined && delayMs * 2 > windowMs;
}

function findingOf(group: HandleTrend, { process, windowMs, samples, major }: NodeTrends): Finding {
  const later = firesLater(group, windowMs);
  const isFile = group.kind === DESCRIPTOR;
  const origin = { site: isFile ? 'opened at' : 'made at', remote: 'to', path: 'on', callback: 'calling', kind: '' }[group.by] ?? '';
  return {
    id: ID,
    severity: later ? 'info' : 'warning',
    confidence: group.quality === 'exact' && !later ? 'likely' : 'hint',
    because: later ? `they fire after ${duration(group.delayMs ?? 0)}: a window of ${duration(windowMs)} is too short to see them end` : group.because,
    title: `${processLabel(process)}: +${count(group.growthPerMinute)} ${isFile ? 'descriptors without a handle' : group.kind} a minute${group.key === '' ? '' : ` ${origin} ${group.key}`}`,
    subject: subjectOf(group.kind, group.key, process),
    evidence: [
      { name: 'at the start', value: group.atStart, source: `/proc/${process.pid}/fd` },
      { name: 'at the end', value: group.atEnd, source: `/proc/${process.pid}/fd` },
      { name: 'opened meanwhile', value: group.births, source: `${samples} samples in ${duration(windowMs)}` },
      { name: 'closed meanwhile', value: group.deaths, source: `${samples} samples in ${duration(windowMs)}` },
    ],
    remedy: [{ text: isFile ? CLOSE_FILE : closingCall(group.kind as HandleKind, major), risk: 'none' }],
    fingerprint: fingerprint(ID, group.kind, group.by === 'remote' ? 'remote' : group.key),
  };
}
