import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { infoOf, linkOf, openFds, statusValue, tcpRowsOf } from './support/kernel.ts';
import { describeNeeds } from './support/need.ts';
import { kcmp, startFactory } from './support/program.ts';
import { until } from './support/until.ts';

/** Asserts that a child `sleep` holds our description at `number` and nothing else. */
async function checkInherited(pid: number, ours: number, child: { pid: number } | undefined, number: number): Promise<void> {
  expect(openFds(child?.pid ?? -1)).toEqual([0, 1, 2, number]);
  expect(statusValue(child?.pid ?? -1, 'Name')).toBe('sleep');
  expect(statusValue(child?.pid ?? -1, 'PPid')).toBe(String(pid));
  expect(await kcmp('file', pid, ours, child?.pid ?? -1, number)).toBe(0);
}

describeNeeds(['python3'], 'factory: other processes', () => {
  it.each(['inherit-listener', 'inherit-file', 'inherit-lock'])('%s: a sleep has it at the same number', async (name) => {
    const { pid, truth, stop } = await startFactory(['files=3', name]);
    const fd = truth.fds[name]?.[0] ?? -1;
    await checkInherited(pid, fd, truth.children[0], fd);
    if (name === 'inherit-listener') expect(tcpRowsOf(pid, [fd])).toMatchObject([{ state: '0A' }]);
    expect(infoOf(pid, fd).includes('FLOCK')).toBe(name === 'inherit-lock');
    await stop();
  });

  it('inherit-intended: handed over as LISTEN_FDS tells', async () => {
    const { pid, truth, stop } = await startFactory(['inherit-intended']);
    const child = truth.children[0]?.pid ?? -1;
    await checkInherited(pid, truth.fds['inherit-intended']?.[0] ?? -1, truth.children[0], 3);
    const environment = readFileSync(`/proc/${child}/environ`, 'latin1').split('\0');
    expect(environment).toEqual(expect.arrayContaining(['LISTEN_FDS=1', `LISTEN_PID=${child}`]));
    await stop();
  });

  it('has zombies, and a thread with a table of its own', async () => {
    const { pid, truth, stop } = await startFactory(['zombie=2', 'unshared-thread=2', 'pipe']);
    for (const child of truth.children) expect(statusValue(child.pid, 'State')).toMatch(/^Z/);
    expect(truth.children).toHaveLength(2);
    const { tid, fds } = truth.facts['unshared-thread'] ?? {};
    const ofThread = readdirSync(`/proc/${pid}/task/${tid}/fd`).map(Number);
    expect(ofThread).toEqual([0, 1, 2, ...(fds ?? [])]);
    expect(openFds(pid)).toEqual([0, 1, 2, ...(truth.fds.pipe ?? [])]);
    await stop();
  });
});

describeNeeds(['python3'], 'factory: limits and time', () => {
  it('stands above its limit', async () => {
    const { pid, truth, stop } = await startFactory(['above-limit=306']);
    expect(truth.limit.soft).toBe(100);
    expect(readFileSync(`/proc/${pid}/limits`, 'latin1')).toMatch(/^Max open files\s+100\s/m);
    expect(openFds(pid)).toHaveLength(309);
    await stop();
  });

  it('had a peak, has a high number, and a limit', async () => {
    const peak = await startFactory(['past-peak=5000']);
    expect(Number(statusValue(peak.pid, 'FDSize'))).toBeGreaterThanOrEqual(5000);
    expect(openFds(peak.pid)).toEqual([0, 1, 2]);
    await peak.stop();
    const high = await startFactory(['rlimit=500:600', 'high-fd=2']);
    expect(openFds(high.pid)).toEqual([0, 1, 2, 498, 499]);
    expect(high.truth.limit).toEqual({ soft: 500, hard: 600 });
    await high.stop();
  });

  it('leaks at the rate it tells, up to the limit it tells', async () => {
    const { pid, truth, stop } = await startFactory(['leak=100:max=40', 'churn=100']);
    const started = performance.now();
    await until(() => openFds(pid).length >= 3 + 30, { what: '30 leaked files' });
    expect(performance.now() - started).toBeGreaterThan(200);
    await until(() => openFds(pid).length >= 3 + 40, { what: '40 leaked files' });
    expect(openFds(pid).filter((fd) => /leak-\d+\.tmp$/.test(linkIfOpen(pid, fd)))).toHaveLength(40);
    expect(truth.volatile).toBe(41);
    await stop();
  });
});

/** readlink, or nothing when the descriptor was closed meanwhile. */
function linkIfOpen(pid: number, fd: number): string {
  try {
    return linkOf(pid, fd);
  } catch {
    return '';
  }
}
