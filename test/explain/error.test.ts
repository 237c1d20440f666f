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
  it.each(['too many open files', 'inotify_add_watch: no space left on device'])('without a process nothing was looked at, and it says so: %s', async (text) => {
    const { verdict, exitCode, lacking } = await explained(text);
    expect([verdict, exitCode]).toEqual(['inconclusive', 0]);
    expect(lacking).toMatchObject([{ source: 'what is used now', status: 'absent', fix: expect.stringContaining('--pid') }]);
  });

  it('a disk is not counted by a process number', async () => {
    const { lacking, data } = await explained('write /srv/watch/x: no space left on device');
    expect(data).toMatchObject({ decided: 'disk', call: 'write()' });
    expect(lacking).toMatchObject([{ fix: 'df -h . && df -i .' }]);
  });

  it('a disk that may be full leaves the question open, whatever else has room', async () => {
    const { verdict, exitCode, lacking, data } = await explained('No space left on device', 42);
    expect(data.decided).toBeNull();
    expect([verdict, exitCode]).toEqual(['inconclusive', undefined]);
    expect(lacking.map(({ source }) => source)).toContain('space or inodes of a file system');
  });
});
