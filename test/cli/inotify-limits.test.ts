/** The built program: stopped while it counts, on a tape, and in other formats. */
import { spawn } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LimitsData } from '../../src/inotify/limits/data.ts';
import type { Report } from '../../src/report/index.ts';
import { plainEnv } from '../live/support/child.ts';
import { childrenOf } from '../live/support/kernel.ts';
import { need } from '../live/support/need.ts';
import { ownFolder, reloadctl } from '../live/support/program.ts';
import { until } from '../live/support/until.ts';
import { tapeFile, tapeText, without } from '../tapes/support/tapes.ts';

describe('inotify-limits', () => {
  it.skipIf(!need('find'))('stopped while it counts tells what it has counted so far, exit 130', async () => {
    const child = spawn(process.execPath, ['bin/reloadctl.js', 'inotify-limits', '--for', '/', '--library', 'node20', '--json'], { env: plainEnv(), stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
    });
    const code = new Promise<number | null>((resolve) => child.on('close', resolve));
    await until(() => childrenOf(child.pid!).length > 0);
    child.kill('SIGINT');
    expect(await code).toBe(130);
    const report = JSON.parse(stdout) as Report;
    expect(report.coverage).toContainEqual(expect.objectContaining({ source: 'tree /', needed: true, detail: 'stopped by a signal' }));
    expect((report.data as LimitsData).demand?.trees).toMatchObject([{ path: '/', complete: false }]);
    expect(readdirSync('/proc')).not.toContain(String(child.pid));
  });

  it('of a tape says the same each time, and takes no directories', async () => {
    const args = ['inotify-limits', '--from', tapeFile('full', 'inotify-instances'), '--json'];
    const [first, second] = [await reloadctl(args), await reloadctl(args, { env: { TZ: 'Asia/Kathmandu' } })];
    expect(first.code).toBe(1);
    expect(second).toMatchObject({ code: 1, stdout: first.stdout });
    const refused = await reloadctl([...args, '--for', '/tmp']);
    expect([refused.code, refused.stdout]).toEqual([2, '']);
    expect(refused.stderr).toContain('a tape holds no directories');
  });

  it('of a tape that was not asked about users cannot tell', async () => {
    const tape = join(ownFolder('unasked'), 'unasked.rctl');
    writeFileSync(tape, without(tapeText('full', 'fd-near-limit'), (asked) => /^(?:findLinks|tryInstances) /.test(asked)));
    const { code, stdout } = await reloadctl(['inotify-limits', '--from', tape]);
    expect(code).toBe(3);
    expect(stdout).toMatch(/^INCONCLUSIVE /);
  });

  it('says what it does in its help', async () => {
    const { stdout } = await reloadctl(['inotify-limits', '--help']);
    expect(stdout).toContain('effects: reads');
    expect(stdout).toContain('3 cannot tell');
  });
});

describe('explain --error', () => {
  it('without a process: which limits it may be', async () => {
    const { code, stdout } = await reloadctl(['explain', '--error', 'tail: inotify cannot be used, reverting to polling: Too many open files']);
    // Two limits can be meant, and nothing was measured.
    expect(code).toBe(3);
    expect(stdout).toContain('tail says so when inotify_init() failed; the text can mean:');
    expect(stdout).toMatch(/inotify instances of the user .*not measured +fs\.inotify\.max_user_instances/);
    expect(stdout).toMatch(/descriptors of the process .*not measured +RLIMIT_NOFILE/);
  });

  it('of a process with room: none is reached now', async () => {
    const { code, stdout } = await reloadctl(['explain', '--error', 'accept4: too many open files', '--pid', String(process.pid)]);
    expect(code).toBe(0);
    expect(stdout).toContain('it was the limit of the descriptors of the process; it is not reached any more');
  });

  it.each([
    [['--error', 'connection refused'], 2, 'this text is about no limit that is known here'],
    [['--error', 'too many open files', '--pid', 'x'], 2, '--pid: x is no process number'],
    [['--error', 'too many open files', '--pid', '4194999'], 3, 'no process 4194999'],
    [['--pid', '1'], 2, '--pid goes with --error'],
  ])('%j', async (args, expected, message) => {
    const { code, stdout, stderr } = await reloadctl(['explain', ...args]);
    expect([code, stdout]).toEqual([expected, '']);
    expect(stderr).toContain(message);
  });
});
