/** SIGINT and SIGTERM end the looking, not the telling. */
import { expect, it } from 'vitest';
import { describeNeeds } from '../live/support/need.ts';
import { startFactory } from '../live/support/program.ts';
import { reportOf } from './support/look.ts';
import { startReloadctl, untilSecondLook } from './support/start.ts';

/** On a machine that is busy; that no second look was waited for is seen in what is said. */
const AT_ONCE_MS = 10_000;

describeNeeds(['python3'], 'a signal while it looks', () => {
  it.each([['SIGINT', 130], ['SIGTERM', 143]] as const)('%s: exit %i at once, with what was found', async (signal, code) => {
    const { pid, truth, stop } = await startFactory(['close-wait=23', 'files=5']);
    const started = startReloadctl(['fds', pid, '--json']);
    await untilSecondLook(started);
    const sent = performance.now();
    started.kill(signal);
    const ended = await started.ended;
    expect(ended.at - sent).toBeLessThan(AT_ONCE_MS);
    expect([ended.code, ended.signal, ended.stderr]).toEqual([code, null, '']);
    const report = reportOf({ ...ended, durationMs: 0, timedOut: false });
    expect(report.data.open).toBe(truth.open);
    // Without the second look it is what one look can say.
    expect(report.findings.map(({ id, confidence }) => [id, confidence])).toEqual([['socket/close-wait', 'hint']]);
    await stop();
  });

  it('as text too', async () => {
    const { pid, stop } = await startFactory(['close-wait=23']);
    const started = startReloadctl(['fds', pid]);
    await untilSecondLook(started);
    started.kill('SIGINT');
    const ended = await started.ended;
    expect(ended.code).toBe(130);
    expect(ended.stdout).toContain('tcp CLOSE_WAIT to');
    expect(ended.stdout).toMatch(/looked at python3 \(pid \d+\)/);
    await stop();
  });
});
