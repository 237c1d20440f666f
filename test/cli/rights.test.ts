/** Without the rights to look: what can be seen is seen, what cannot is said, with the command that would. */
import { execFile } from 'node:child_process';
import { chmodSync, cpSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import type { TopRow } from '../../src/fds/top.ts';
import { openFds } from '../live/support/kernel.ts';
import { describeNeeds, findProgram } from '../live/support/need.ts';
import { ownFolder, reloadctl, startFactory } from '../live/support/program.ts';
import { coverageOf, look, reportOf } from './support/look.ts';
import { BINARY } from './support/start.ts';

const run = promisify(execFile);
const NOBODY = 65534;

describeNeeds(['root', 'python3'], 'as nobody, on a process of root', () => {
  it('denied: exit 3, the count, the limit, and the exact command', async () => {
    const { pid, truth, stop } = await startFactory(['files=20', 'rlimit=500:600']);
    const looked = await look([pid], { uid: NOBODY, cwd: '/' });
    expect([looked.run.code, looked.report.verdict, looked.run.stderr]).toEqual([3, 'inconclusive', '']);
    const fix = `sudo reloadctl fds ${pid} --json`;
    expect(coverageOf(looked, 'fd table')).toMatchObject({ status: 'denied', needed: true, seen: 0, total: truth.open, fix });
    expect(looked.report.data).toMatchObject({ open: truth.open, limit: { soft: 500, hard: 600 }, groups: [] });
    const text = await reloadctl(['fds', String(pid), '--list'], { uid: NOBODY, cwd: '/' });
    expect(text.code).toBe(3);
    expect(text.stdout).toMatch(/^INCONCLUSIVE {2}could not look: fd table \(denied: /);
    expect(text.stdout).toContain(`fix: sudo reloadctl fds ${pid} --list\n`);
    expect(text.stdout).toContain(`${truth.open} open of soft limit 500 (hard 600)`);
    await stop();
  });

  it('a limit that is hit is a fault all the same: exit 1', async () => {
    const { pid, stop } = await startFactory(['rlimit=100:200', 'devnull=97']);
    const looked = await look([pid], { uid: NOBODY, cwd: '/' });
    expect([looked.run.code, looked.report.verdict]).toEqual([1, 'fail']);
    expect(looked.findings.map(({ id, severity }) => [id, severity])).toEqual([['fd/near-limit', 'critical']]);
    expect(coverageOf(looked, 'fd table').status).toBe('denied');
    await stop();
  });

  it('--top needs no rights, and counts as ls does', async () => {
    const { pid, truth, stop } = await startFactory(['files=20', 'rlimit=500:600']);
    const top = await reloadctl(['fds', '--top', '--json', '--fail-on', 'never'], { uid: NOBODY, cwd: '/' });
    expect([top.code, top.stderr]).toEqual([0, '']);
    const { processes } = reportOf(top).data as unknown as { processes: TopRow[] };
    const row = processes.find((process) => process.pid === pid);
    expect(row).toMatchObject({ comm: 'python3', open: truth.open, soft: 500, hard: 600, ratio: truth.open / 500 });
    expect(row?.open).toBe(openFds(pid).length);
    const text = await reloadctl(['fds', '--top', '--all'], { uid: NOBODY, cwd: '/' });
    expect(text.stdout).toMatch(new RegExp(`^ *${pid} +${truth.open} +500 +4\\.6% +\\d+ +python3$`, 'm'));
    await stop();
  });

  it('looks at a process of its own user', async () => {
    const { pid, truth, stop } = await startFactory(['files=20:a-{}.txt', 'pipe=2'], { uid: NOBODY });
    const looked = await look([pid], { uid: NOBODY, cwd: '/' });
    expect([looked.run.code, looked.report.verdict]).toEqual([0, 'pass']);
    expect(looked.report.data.open).toBe(truth.open);
    await stop();
  });
});

/** A copy of the package that nobody may read, wherever the sources are; dependencies by link. */
function packageForAll(): string {
  const folder = join(ownFolder('package'), 'reloadctl');
  const root = join(BINARY, '../..');
  for (const part of ['bin', 'dist', 'docs', 'schema', 'package.json']) cpSync(join(root, part), join(folder, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  return join(folder, 'bin/reloadctl.js');
}

describeNeeds(['root', 'unshare', 'setpriv', 'mount'], 'hidepid', () => {
  const binary = packageForAll();
  const script = join(ownFolder('hidepid'), 'hidepid.sh');
  writeFileSync(script, `#!/bin/sh
# Pid 1 of a namespace of its own, whose /proc hides the processes of others.
mount -t proc -o hidepid=$1 proc /proc || exit 77
sleep 100 & child=$! ours=$!
shift
case "$*" in *--top*) ours= ;; esac
setpriv --reuid 65534 --regid 65534 --clear-groups "$@" $ours
echo "exit $?"
kill $child
`);
  chmodSync(script, 0o755);

  async function asNobody(level: string, args: string[]): Promise<string> {
    const command = [script, level, process.execPath, binary, ...args];
    const { stdout } = await run(findProgram('unshare')!, ['-m', '-p', '-f', '--kill-child', ...command], { cwd: '/' });
    return stdout;
  }

  it.each(['1', '2'])('hidepid=%s: exit 3, and said what may be the reason', async (level) => {
    const output = await asNobody(level, ['fds']).catch((error: { stdout: string; stderr: string }) => error);
    const text = typeof output === 'string' ? output : `${output.stdout}${output.stderr}`;
    expect(text).toContain('exit 3');
  });

  it('--top says that it does not see all: exit 3', async () => {
    const output = await asNobody('2', ['fds', '--top', '--json', '--quiet']).catch((error: { stdout: string }) => error.stdout);
    expect(output).toMatch(/"status": "partial"/);
    expect(output).toContain('/proc is mounted with hidepid=');
    expect(output).toContain('exit 3');
  });
});
