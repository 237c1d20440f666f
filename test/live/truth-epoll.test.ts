/** Stale registrations are found, each; healthy ones that look alike are not. */
import { expect, it } from 'vitest';
import { alarmsOf, evidenceOf, findingOf, look } from '../cli/support/look.ts';
import { describeNeeds } from './support/need.ts';
import { startFactory } from './support/program.ts';

const STALE = ['stale-epoll-closed', 'stale-epoll-pipe', 'stale-epoll-reused', 'stale-epoll-eventfd'];
const NO_NATIVE = { env: { RELOADCTL_NO_NATIVE: '1' } };

describeNeeds(['python3'], 'epoll registrations', () => {
  it.each(STALE)('%s: found, with the number, what it is now, and the duplicate', async (name) => {
    const { pid, truth, stop } = await startFactory([name]);
    const entry = truth.facts[name]?.entries?.[0];
    const looked = await look([pid]);
    const finding = findingOf(looked, 'epoll/stale-target');
    expect(finding).toMatchObject({ severity: 'warning', confidence: 'certain' });
    expect(evidenceOf(finding, 'stale registrations')).toBe(1);
    expect(finding.title).toContain(`epoll ${entry?.epoll} of python3 (pid ${pid})`);
    expect(finding.title).toContain(`number ${entry?.tfd}`);
    // Which eventfd is the duplicate cannot be told: they have no inode of their own.
    if (name !== 'stale-epoll-eventfd') expect(evidenceOf(finding, 'held open by its duplicate')).toBe(`fd ${entry?.survivor}`);
    expect(looked.run.code).toBe(0);
    await stop();
  });

  it('counts them all, beside healthy ones', async () => {
    const healthy = ['epoll-healthy=20:churn=50', 'epoll-dup-healthy=3', 'epoll=2'];
    const { pid, stop } = await startFactory([...STALE.map((name) => `${name}=3`), ...healthy]);
    const looked = await look([pid]);
    expect(evidenceOf(findingOf(looked, 'epoll/stale-target'), 'stale registrations')).toBe(12);
    // An eventfd under the number of another eventfd is beyond /proc.
    const procOnly = await look([pid], NO_NATIVE);
    expect(evidenceOf(findingOf(procOnly, 'epoll/stale-target'), 'stale registrations')).toBe(9);
    await stop();
  });

  it.each([
    ['many live registrations and others that come and go', ['epoll-healthy=40:churn=200']],
    ['a watched descriptor with a duplicate', ['epoll-dup-healthy=5']],
    ['an instance shared with a forked worker', ['fork-shared-epoll']],
  ])('is silent about %s', async (_name, requests) => {
    const { pid, stop } = await startFactory(requests);
    for (const options of [{}, NO_NATIVE, {}]) {
      const looked = await look([pid], options);
      expect(alarmsOf(looked)).toEqual([]);
      expect([looked.run.code, looked.report.verdict]).toEqual([0, 'pass']);
    }
    await stop();
  });

  it('is silent about the forked worker itself, and about both as one service', async () => {
    const { pid, truth, stop } = await startFactory(['fork-shared-epoll']);
    expect(alarmsOf(await look([truth.children[0]?.pid ?? -1]))).toEqual([]);
    const both = await look([pid, '--tree']);
    expect(both.report.data.processes).toHaveLength(2);
    expect(alarmsOf(both)).toEqual([]);
    await stop();
  });
});
