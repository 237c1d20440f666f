/** Tests of Go that leave goroutines behind, and the same ones mended. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import type { AssertData } from '../../src/assert/data.ts';
import type { Report } from '../../src/report/types.ts';
import { plainEnv } from './support/child.ts';
import { describeNeeds } from './support/need.ts';
import { ownFolder, reloadctl } from './support/program.ts';

const run = promisify(execFile);
const SOURCE = join(import.meta.dirname, '../../fixtures/programs/go-tests');
const FILE = join(SOURCE, 'leaks_test.go');
/** Line of each leak. */
const LINES = readFileSync(FILE, 'utf8').split('\n').flatMap((line, index) => (/ \/\/ [a-z]+$/.test(line) ? [index + 1] : []));
const GO = { GOFLAGS: '-buildvcs=false', GOTOOLCHAIN: 'local' };

async function asserted(command: string[], env: NodeJS.ProcessEnv, options: string[] = []) {
  const { code, stdout, stderr } = await reloadctl(['assert', '--json', '--goroutines', ...options, '--', ...command], { env: { ...GO, ...env }, timeoutMs: 50_000 });
  expect(stdout, stderr).toMatch(/^\{/);
  const report = JSON.parse(stdout) as Report<AssertData>;
  const leaks = report.findings.filter(({ id, severity }) => id === 'goroutine/left-at-exit' && severity !== 'info');
  return { code, report, leaks, stderr };
}

describeNeeds(['strace', 'go'], 'assert --goroutines', () => {
  it('names the line and the test of what go test leaves, and is green once they end', { timeout: 110_000 }, async () => {
    // Where nothing is built yet, building takes longer than tests should.
    const binary = join(ownFolder('go-tests'), 'leaks.test');
    await run('go', ['test', '-C', SOURCE, '-c', '-o', binary, '.'], { env: plainEnv(GO) });
    let leaking = await asserted(['go', 'test', '-C', SOURCE, '-count=1', '.'], { LEAKS: '1' });
    // A machine that is too busy for the second look says so, and is asked again.
    for (let tries = 1; leaking.code === 3 && tries < 6; tries++) leaking = await asserted(['go', 'test', '-C', SOURCE, '-count=1', '.'], { LEAKS: '1' });
    expect(LINES).toHaveLength(4);
    expect(leaking.leaks.map(({ evidence }) => evidence[0]!.value).sort(), leaking.stderr).toEqual(LINES.map((line) => `${FILE}:${line}`).sort());
    expect(leaking.report.data.leaks.map(({ test }) => test).sort()).toEqual(['TestLeavesSender', 'TestLeavesWorkers', 'TestParts', 'TestSleeper']);
    expect(leaking.code).toBe(1);

    for (let round = 0; round < 3; round++) {
      const fixed = await asserted([binary], { LEAKS: '0' });
      // On a machine that is too busy for the second look it says so; never red.
      expect(fixed.leaks.map(({ title }) => title), fixed.stderr).toEqual([]);
      expect([0, 3]).toContain(fixed.code);
      if (fixed.code === 3) expect(fixed.report.coverage).toContainEqual(expect.objectContaining({ source: 'goroutines', status: 'partial' }));
    }
  });

  it('says when no Go program ran', async () => {
    const { code, report } = await asserted(['true'], {});
    expect(code).toBe(3);
    expect(report.coverage).toContainEqual(expect.objectContaining({ source: 'goroutines', status: 'absent', needed: true }));
  });
});
