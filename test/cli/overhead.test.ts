/** `fds --overhead`: what a look costs, told by the look itself. */
import { expect, it } from 'vitest';
import { describeNeeds } from '../live/support/need.ts';
import { reloadctl, startFactory } from '../live/support/program.ts';
import { compileSchema } from '../schema/support.ts';
import { look } from './support/look.ts';

interface Told {
  overhead?: {
    wallMs: number;
    cpuMs: number;
    peakBytes: number;
    questions: Record<string, number>;
    holds: { kind: string; count: number; longestMs: number }[];
    longestHoldMs: number | null;
  };
}

const fitsSchema = compileSchema();

describeNeeds(['python3'], 'fds --overhead', () => {
  it('counts the questions and times what held the target; without it nothing is said', async () => {
    const { pid, truth, stop } = await startFactory(['files=20', 'stale-epoll-closed=2']);
    const { report } = await look([pid, '--overhead']);
    expect(fitsSchema(report), JSON.stringify(fitsSchema.errors)).toBe(true);
    const { overhead } = report.data as Told;
    expect(overhead!.questions.readlink).toBeGreaterThanOrEqual(truth.open);
    expect(overhead!.questions.read).toBeGreaterThanOrEqual(truth.open);
    expect(overhead!.cpuMs).toBeGreaterThan(1);
    expect(overhead!.peakBytes).toBeGreaterThan(1024 * 1024);
    const fdinfo = overhead!.holds.find(({ kind }) => kind === 'fdinfo');
    expect(fdinfo).toMatchObject({ count: expect.any(Number) });
    expect(overhead!.longestHoldMs).toBeGreaterThanOrEqual(fdinfo!.longestMs);

    const plain = await look([pid]);
    expect(plain.report.data).not.toHaveProperty('overhead');
    expect(plain.report.data.groups).toEqual(report.data.groups);
    const { stdout } = await reloadctl(['fds', String(pid), '--overhead']);
    expect(stdout).toMatch(/\nOverhead of this look\n(?:.*\n)*target held +at most [\d.]+ ms at a time/);
    await stop();
  });

  it('of a watch: the questions of all samples', async () => {
    const { pid, truth, stop } = await startFactory(['files=20']);
    const { report } = await look([pid, '--watch', '600ms', '--interval', '200ms', '--overhead']);
    const { overhead } = report.data as Told;
    expect(overhead!.questions.readlink).toBeGreaterThanOrEqual(3 * truth.open);
    expect(overhead!.wallMs).toBeGreaterThanOrEqual(600);
    await stop();
  });
});

it('of --top, too; of a tape there is none', async () => {
  const { report } = await look(['--top', '--overhead']);
  expect(fitsSchema(report), JSON.stringify(fitsSchema.errors)).toBe(true);
  expect((report.data as Told).overhead).toMatchObject({ holds: [], longestHoldMs: null });
  const tape = await reloadctl(['fds', '--from', 'fixtures/tapes/err/epoll-stale-target.rctl', '--overhead']);
  expect([tape.code, tape.stderr]).toEqual([2, expect.stringContaining('a tape is none')]);
});
