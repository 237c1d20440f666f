/** A read that never returns: an answer within the deadline, said as a timeout, and nothing left behind. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { openFds } from '../live/support/kernel.ts';
import { describeNeeds } from '../live/support/need.ts';
import { STUCK_NEEDS, type StuckMode, type StuckTarget, startStuck } from '../live/support/stuck.ts';
import { until } from '../live/support/until.ts';
import { coverageOf, reportOf } from './support/look.ts';
import { type Ended, startReloadctl, untilReading } from './support/start.ts';

/** What hangs does so for ever: on a machine that is busy any end of it says that somebody gave it up. */
const ANSWER_MS = 20_000;
const AT_ONCE_MS = 10_000;

const runOf = (ended: Ended) => ({ ...ended, durationMs: 0, timedOut: false });

/** Readers of ours: their arguments name a path of this process's /proc. The arguments of the stuck one itself are never read. */
function readersOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== pid)
    .map(Number)
    .filter((other) => {
      try {
        if (!/\((cat|stat)\)/.test(readFileSync(`/proc/${other}/stat`, 'latin1'))) return false;
        return readFileSync(`/proc/${other}/cmdline`, 'latin1').includes(`/proc/${pid}/`);
      } catch {
        return false;
      }
    });
}

async function withStuck(mode: StuckMode, body: (target: StuckTarget) => Promise<void>): Promise<void> {
  const target = await startStuck(mode);
  try {
    await body(target);
  } finally {
    await target.stop();
  }
  await until(() => readersOf(target.pid).length === 0, { what: 'the readers to be gone' });
}

describeNeeds(STUCK_NEEDS, 'a reader that never returns', () => {
  it.each([
    ['open', 'file types and sizes'],
    ['epoll', 'epoll and inotify contents'],
  ] as const)('%s: answers, says timeout, exit 3', async (mode, source) => {
    await withStuck(mode, async (target) => {
      const begun = performance.now();
      const ended = await startReloadctl(['fds', target.pid, '--list', '--json']).ended;
      expect(ended.at - begun).toBeLessThan(ANSWER_MS);
      expect([ended.code, ended.stderr]).toEqual([3, '']);
      const report = reportOf(runOf(ended));
      expect(coverageOf({ report }, source)).toMatchObject({ status: 'timeout', needed: true });
      // All that needs no lock of the target is told.
      expect(report.data.fds?.map(({ fd }) => fd)).toEqual(expect.arrayContaining([0, 1, 2, ...target.fds.file, ...target.fds.epoll]));
      expect(report.data.fds?.find(({ fd }) => fd === target.fds.file[0])?.target).toBe(target.fs.file);
    });
  });

  it('mmap: a look at descriptors needs none of what hangs', async () => {
    await withStuck('mmap', async (target) => {
      const begun = performance.now();
      const ended = await startReloadctl(['fds', target.pid]).ended;
      expect(ended.at - begun).toBeLessThan(ANSWER_MS);
      expect(ended.code).toBe(3);
      expect(ended.stdout).toContain(target.fs.file);
    });
  });

  it.each([['SIGINT', 130], ['SIGTERM', 143]] as const)('%s is answered at once, with what was found', async (signal, code) => {
    await withStuck('epoll', async (target) => {
      const started = startReloadctl(['fds', target.pid, '--json']);
      await untilReading(started);
      const sent = performance.now();
      started.kill(signal);
      const ended = await started.ended;
      expect(ended.at - sent).toBeLessThan(AT_ONCE_MS);
      expect([ended.code, ended.signal, ended.stderr]).toEqual([code, null, '']);
      const report = reportOf(runOf(ended));
      expect(report.verdict).toBe('inconclusive');
      expect(report.data.open).toBe(openFds(target.pid).length);
      expect(report.coverage.map(({ detail }) => detail)).toContain('stopped by a signal');
    });
  });
});
