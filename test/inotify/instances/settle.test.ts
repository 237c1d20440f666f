import { describe, expect, it } from 'vitest';
import type { Expectation, InotifyLook } from '../../../src/inotify/instances/model.ts';
import { untilSettled } from '../../../src/inotify/instances/settle.ts';
import { CoverageLog } from '../../../src/kernel/coverage.ts';

const target = (...pids: number[]) => ({ spec: '1', name: '', pids });

/** What looks one after the other give, the first of them before. */
async function settled(looks: readonly { verdict: Expectation['verdict']; pids: readonly number[]; unsettled?: true }[], windowMs?: number) {
  let at = 0;
  const lookOf = (index: number): { look: InotifyLook; coverage: CoverageLog } => {
    const { verdict, unsettled } = looks[Math.min(index, looks.length - 1)]!;
    const expectations: Expectation[] = [{ path: '/f', verdict, changes: [] }];
    return { look: { type: 'inotify', label: `look ${index}`, instances: [], expectations, complete: true, ...(unsettled && { unsettled }), ...(windowMs !== undefined && index === 0 && { windowMs }) }, coverage: new CoverageLog() };
  };
  const now = () => target(...looks[Math.min(at, looks.length - 1)]!.pids);
  const { look, coverage } = await untilSettled({ target: now(), ...lookOf(0) }, {
    resolve: now,
    look: async () => lookOf(at),
    sleep: async () => void at++,
    signal: new AbortController().signal,
  });
  return { verdict: look.expectations[0]!.verdict, label: look.label, looks: at + 1, gaps: coverage.list().length };
}

describe('what is not seen is looked at again', () => {
  it('until it is seen', async () => {
    expect(await settled([{ verdict: 'not-seen', pids: [1, 2] }, { verdict: 'seen', pids: [1, 3] }])).toEqual({ verdict: 'seen', label: 'look 1', looks: 2, gaps: 0 });
    expect(await settled([{ verdict: 'partly', pids: [1] }, { verdict: 'not-seen', pids: [1] }, { verdict: 'seen', pids: [1, 3] }])).toMatchObject({ verdict: 'seen', looks: 3 });
  });

  it('and believed when the processes stay the same', async () => {
    expect(await settled([{ verdict: 'not-seen', pids: [1, 2] }])).toEqual({ verdict: 'not-seen', label: 'look 2', looks: 3, gaps: 0 });
  });

  it('and not told where they come and go', async () => {
    const pids = [[1, 2], [1, 3], [1], [1, 4]];
    expect(await settled(pids.map((one) => ({ verdict: 'not-seen', pids: one })))).toEqual({ verdict: 'unknown', label: 'look 3', looks: 4, gaps: 1 });
    expect(await settled([{ verdict: 'not-seen', pids: [1], unsettled: true }])).toMatchObject({ verdict: 'unknown', gaps: 1 });
  });

  it('and what is seen at once is not; a look that took a while keeps all but this', async () => {
    expect(await settled([{ verdict: 'seen', pids: [1] }])).toMatchObject({ looks: 1 });
    expect(await settled([{ verdict: 'not-seen', pids: [1] }, { verdict: 'seen', pids: [1] }], 1000)).toMatchObject({ verdict: 'seen', label: 'look 0' });
  });
});
