import { describe, expect, it } from 'vitest';
import type { ErrorData } from '../../src/explain/error.ts';
import { run } from '../../src/explain/index.ts';
import type { Coverage } from '../../src/report/index.ts';
import { verdictOf } from '../../src/report/index.ts';
import { fakeEvidence } from '../support/fake-evidence.ts';
import { worldOf } from '../support/fake-process.ts';

async function explained(error: string, pid?: number): Promise<{ verdict: string; exitCode: number | undefined; lacking: Coverage[]; data: ErrorData }> {
  const outcome = await run([], { error, ...(pid !== undefined && { pid: String(pid) }) }, {
    evidence: fakeEvidence(worldOf({ pid: 42, comm: 'app' })),
    rules: [],
    signal: new AbortController().signal,
    rerun: 'reloadctl explain',
    isRoot: true,
    say: () => undefined,
    progress: () => undefined,
    stdin: () => process.stdin,
    replay: () => {
      throw new Error('not asked for');
    },
  });
  if (outcome.kind !== 'report') throw new Error('no report');
  const lacking = outcome.coverage.filter(({ status, needed }) => status !== 'ok' && needed);
  return { verdict: verdictOf(outcome.findings, outcome.coverage, 'critical'), exitCode: outcome.exitCode, lacking, data: outcome.data as ErrorData };
}

describe('explain --error', () => {
  it('without a process nothing was looked at, and where counting would have to decide the question stays open', async () => {
    const { verdict, exitCode, lacking } = await explained('too many open files');
    expect([verdict, exitCode]).toEqual(['inconclusive', undefined]);
    expect(lacking).toMatchObject([{ source: 'what is used now', status: 'absent', fix: expect.stringContaining('--pid') }]);
  });

  it.each([
    ['inotify_add_watch: no space left on device', 'watches'],
    ['write /srv/watch/x: no space left on device', 'disk'],
  ])('a text that can mean one thing only is answered: %s', async (text, decided) => {
    const { verdict, exitCode, lacking, data } = await explained(text);
    expect([verdict, exitCode, lacking]).toEqual(['pass', undefined, []]);
    expect(data.decided).toBe(decided);
  });

  it('a disk that may be full leaves the question open, whatever else has room', async () => {
    const { verdict, exitCode, lacking, data } = await explained('No space left on device', 42);
    expect(data.decided).toBeNull();
    expect([verdict, exitCode]).toEqual(['inconclusive', undefined]);
    expect(lacking.map(({ source }) => source)).toContain('space or inodes of a file system');
  });
});
