import { expect, it } from 'vitest';
import type { DiagSocket, NetworkQuestions } from '../../src/evidence/types.ts';
import { collectListen } from '../../src/listen/collect.ts';
import { fakeEvidence } from '../support/fake-evidence.ts';
import { worldOf } from '../support/fake-process.ts';

const answer = <T>(value: T) => ({ value, at: 0, source: '' });
const row = (state: number, inode: string, more: Partial<DiagSocket>): DiagSocket => ({ protocol: 'tcp', state, inode, local: '10.0.0.1:80', receiveQueue: 0, sendQueue: 0, ...more });
const WAITING = [row(10, '9', { receiveQueue: 1, sendQueue: 5 }), row(1, '0', { remote: '10.0.0.2:5' })];

/** How long somebody waits who asks for this, ms, and what it found. */
async function watched(windowMs: number, options: { onlyTcp?: boolean } = {}) {
  const fake = fakeEvidence(worldOf({ pid: 7 }));
  const network: Partial<NetworkQuestions> = { sockDiagOf: () => answer(WAITING), holdersOf: async () => answer({ holders: [], seen: 1, denied: 0 }), readAsNetOf: () => [], reusesPort: () => answer(false) };
  const { look } = await collectListen({ kind: 'port', port: 80 }, { evidence: { ...fake, network: network as NetworkQuestions }, signal: new AbortController().signal, rerun: '', isRoot: true, windowMs, ...options });
  const slept = fake.asked.filter((question) => question.startsWith('sleep ')).reduce((sum, question) => sum + Number(question.slice(6)), 0);
  return { slept, again: look.addresses[0]!.again };
}

it('a watch is a second look, too, unless it was a short one', async () => {
  expect(await watched(3000)).toEqual({ slept: 3000, again: { afterMs: 3000, stillWaiting: 1 } });
  expect(await watched(500)).toEqual({ slept: 2500, again: { afterMs: 2000, stillWaiting: 1 } });
});

it('on a tape the second look has pauses of its own', async () => {
  expect(await watched(3000, { onlyTcp: true })).toMatchObject({ slept: 5000 });
});
