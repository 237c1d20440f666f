import { processLabel } from '../../kernel/services.ts';
import { subjectOf } from '../../kernel/snapshot-rule.ts';
import { type Finding, fingerprint } from '../../report/index.ts';
import { duration, plural } from '../../report/words.ts';
import type { NodeLook, PendingPromise } from '../model.ts';
import { lookRule } from './look-rule.ts';

const ID = 'node/pending-promise';
/** So many from one line that all wait are a leak. */
const MANY = 100;
const MOST = 10;

/** Promises that were made at one line while we looked, and have not settled. */
export const pendingPromise = lookRule(ID, (look) => (look.promises ?? []).slice(0, MOST).map((group) => findingOf(group, look)));

/**
 * Many that have waited for a third of the window, while none of their line that waited so long has settled, and more than there are
 * handles that could settle them: a request in flight, or a time-out of a minute, has one.
 */
function isLeak({ old = 0, settledLate = 0 }: PendingPromise, { handles }: NodeLook): boolean {
  return old >= MANY && settledLate === 0 && old > handles.length;
}

function findingOf(group: PendingPromise, look: NodeLook): Finding {
  const { site, count, ageMs } = group;
  const many = isLeak(group, look);
  return {
    id: ID,
    severity: many ? 'warning' : 'info',
    confidence: many ? 'likely' : 'hint',
    because: many ? `${group.old} of one line have waited long, the oldest for ${duration(ageMs)}, and none of those has settled` : 'a promise may wait for good reason, and the loser of a race waits for ever',
    title: `${processLabel(look.process)}: ${plural('promise', count)} made at ${site} ${count === 1 ? 'has' : 'have'} not settled`,
    subject: subjectOf('promise', site, look.process),
    evidence: [
      { name: 'pending', value: count, source: 'async_hooks' },
      { name: 'oldest', value: Math.round(ageMs), unit: 'ms', source: 'async_hooks' },
    ],
    remedy: [{ text: 'give what is awaited there a time limit (AbortSignal.timeout), and settle it on every way out, errors included', risk: 'none' }],
    fingerprint: fingerprint(ID, site),
  };
}
