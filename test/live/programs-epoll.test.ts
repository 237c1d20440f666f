import { expect, it } from 'vitest';
import { infoOf, linkOf, openFds } from './support/kernel.ts';
import { describeNeeds } from './support/need.ts';
import { type FactoryTruth, kcmp, type Running, startFactory } from './support/program.ts';

const EBADF = 9;

/** Numbers an epoll watches, by its fdinfo. */
function watchedBy(pid: number, epoll: number): number[] {
  return [...infoOf(pid, epoll).matchAll(/^tfd:\s*(\d+)/gm)].map((match) => Number(match[1]));
}

async function checkStale({ pid, truth }: Running<FactoryTruth>, name: string): Promise<{ tfd: number }> {
  const entry = truth.facts[name]?.entries?.[0] ?? { epoll: -1, tfd: -1, survivor: -1 };
  expect(watchedBy(pid, entry.epoll), name).toEqual([entry.tfd]);
  expect(await kcmp('epoll', pid, entry.epoll, entry.tfd), name).not.toBe(0);
  expect(openFds(pid)).toContain(entry.survivor);
  return entry;
}

describeNeeds(['python3'], 'factory: epoll', () => {
  it('watches numbers that are closed or belong to others now', async () => {
    const names = ['stale-epoll-closed', 'stale-epoll-pipe', 'stale-epoll-reused', 'stale-epoll-eventfd'];
    // The files make sure that a later command does not take a number that has to stay closed.
    const factory = await startFactory([...names, 'files=20']);
    const [closed, pipe, reused, eventfd] = await Promise.all(names.map((name) => checkStale(factory, name)));
    const link = (entry: { tfd: number } | undefined): string => linkOf(factory.pid, entry?.tfd ?? -1);
    expect(openFds(factory.pid)).not.toContain(closed?.tfd);
    const { epoll, tfd } = factory.truth.facts['stale-epoll-closed']?.entries?.[0] ?? { epoll: -1, tfd: -1 };
    expect(await kcmp('epoll', factory.pid, epoll, tfd)).toBe(-EBADF);
    expect(link(pipe)).toMatch(/^pipe:/);
    expect(link(reused)).toMatch(/\/reused-0\.txt$/);
    expect(link(eventfd)).toBe('anon_inode:[eventfd]');
    await factory.stop();
  });

  it('has healthy ones, under churn, with duplicates', async () => {
    const { pid, truth, stop } = await startFactory(['epoll-healthy=50', 'epoll-dup-healthy']);
    const live = watchedBy(pid, truth.fds['epoll-healthy']?.[0] ?? -1);
    const told = truth.fds['epoll-healthy.watched'] ?? [];
    expect(told).toHaveLength(50);
    expect(live).toEqual(expect.arrayContaining(told));
    expect(live.length).toBeLessThanOrEqual(50 + truth.volatile);
    const [epoll, watched] = [truth.fds['epoll-dup-healthy']?.[0] ?? -1, truth.fds['epoll-dup-healthy.watched']?.[0] ?? -1];
    expect(await kcmp('epoll', pid, epoll, watched)).toBe(0);
    expect(await kcmp('file', pid, watched, pid, truth.fds['epoll-dup-healthy.duplicate']?.[0] ?? -1)).toBe(0);
    await stop();
  });

  it('forks a child that shares the epoll and has other files at the watched numbers', async () => {
    const { pid, truth, stop } = await startFactory(['fork-shared-epoll']);
    const child = truth.children[0];
    const { epoll = -1, watchedByParent = [] } = truth.facts['fork-shared-epoll'] ?? {};
    expect(await kcmp('file', pid, epoll, child?.pid ?? -1, epoll)).toBe(0);
    for (const number of watchedByParent) expect(await kcmp('epoll', pid, epoll, number)).toBe(0);
    for (const number of child?.fds?.files ?? []) expect(linkOf(child?.pid ?? -1, number)).toMatch(/child-\d\.txt$/);
    expect(openFds(child?.pid ?? -1)).toEqual([0, 1, 2, ...(child?.fds?.shared ?? []), ...(child?.fds?.files ?? [])]);
    await stop();
  });
});
