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

function findingOf({ site, count, ageMs }: PendingPromise, look: NodeLook): Finding {
  const many = count >= MANY;
  return {
    id: ID,
    severity: many ? 'warning' : 'info',
    confidence: many ? 'likely' : 'hint',
    because: many ? `${count} of one line wait, the oldest for ${duration(ageMs)}` : 'a promise may wait for good reason, and the loser of a race waits for ever',
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
