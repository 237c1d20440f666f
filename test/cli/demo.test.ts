/** The demo of the built program finds what it planted. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { need } from '../live/support/need.ts';
import { ownFolder, reloadctl } from '../live/support/program.ts';
import { type DemoReport, isGone, startDemo } from './support/demo.ts';

describe('demo', () => {
  it('finds all it planted and exits with 0', async () => {
    const folder = ownFolder('demo');
    const { code, stdout, stderr } = await reloadctl(['demo', '--json'], { env: { TMPDIR: folder } });
    expect(code, stderr).toBe(0);
    const { data, findings, coverage, target } = JSON.parse(stdout) as DemoReport;
    expect(data.planted.map(({ planted, found, ok }) => [planted, found, ok])).toEqual(
      data.planted.map(({ planted }) => [planted, planted, true]),
    );
    expect(Object.fromEntries(data.planted.map((row) => [row.finding ?? row.fault, row.found]))).toMatchObject({
      'socket/close-wait': 40,
      'fd/deleted-file': 1,
      'fd/duplicates': 12,
      'files of unfinished uploads': 60,
    });
    expect(findings.find(({ id }) => id === 'socket/close-wait')).toMatchObject({
      severity: 'warning',
      title: expect.stringContaining('40 sockets'),
    });
    expect(findings.find(({ id }) => id === 'fd/deleted-file')).toMatchObject({
      severity: 'warning',
      title: expect.stringContaining('20.0 MiB'),
    });
    expect(coverage.find(({ source }) => source === 'planted faults')).toMatchObject({
      status: 'ok',
      seen: data.planted.length,
      total: data.planted.length,
    });
    expect(isGone(target.pids[0]!)).toBe(true);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('lowers the limit where native calls are, and does without where they are not', async () => {
    const [withThem, without] = await Promise.all([
      reloadctl(['demo', '--json']),
      reloadctl(['demo', '--json'], { env: { RELOADCTL_NO_NATIVE: '1' } }),
    ]);
    const first = JSON.parse(withThem.stdout) as DemoReport;
    const second = JSON.parse(without.stdout) as DemoReport;
    expect([withThem.code, without.code]).toEqual([0, 0]);
    expect(first.findings.find(({ id }) => id === 'fd/near-limit')?.severity).toBe('critical');
    expect(first.verdict).toBe('fail');
    expect(second.findings.map(({ id }) => id)).not.toContain('fd/near-limit');
    expect(second.verdict).toBe('pass');
    expect(second.data.planted).toHaveLength(first.data.planted.length - 1);
  });

  it('tells a story: what was started, the report, what it means, what to type', async () => {
    const { code, stdout, stderr } = await reloadctl(['demo'], { cwd: '/' });
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^demo: .*Linux.* of memory .*\ndemo: started a server that leaks .*, on 127\.0\.0\.1:\d+, process \d+; .*reloadctl fds \d+\n$/,
    );
    const parts = [
      'CRITICAL',
      'COUNT',
      'What happened',
      'Planted and found',
      'What it means',
      'On a real process',
      '$ reloadctl fds <pid>',
    ].map((part) => stdout.indexOf(part));
    expect(parts).toEqual(parts.toSorted((a, b) => a - b));
    expect(parts[0]).toBe(0);
    expect(stdout).not.toContain('NOT FOUND');
  });

  it('counts only its own descriptors, whatever it was started with', async () => {
    const demo = startDemo(['--json'], { before: 'exec 7</etc/passwd 8</etc/passwd 9</etc/passwd' });
    expect(await demo.ended).toBe(0);
    expect(demo.stdout()).not.toContain('/etc/passwd');
  });

  it.skipIf(!need('root'))('works for a user without any right', async () => {
    const { code, stdout } = await reloadctl(['demo', '-q'], { uid: 65534, cwd: '/' });
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/leaky-server/) });
  });

  it('says why when it cannot start, and exits with 3', async () => {
    const { code, stdout, stderr } = await reloadctl(['demo'], { env: { TMPDIR: join(ownFolder('demo'), 'absent') } });
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toMatch(/^reloadctl: the server of the demo could not start: .*ENOENT/);
  });

  it('exits with 3 and says so when the server runs out of descriptors while it plants', async () => {
    const demo = startDemo([], { before: 'ulimit -n 70' });
    expect(await demo.ended).toBe(3);
    expect(demo.stderr()).toContain('EMFILE');
    expect(demo.leftovers()).toEqual([]);
  });
});
