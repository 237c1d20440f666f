/** The single file in a root of its own, where there is nothing but the libraries that it names, and /proc. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { need } from '../live/support/need.ts';
import { ownFolder, startFactory } from '../live/support/program.ts';
import { describeSingleFile, singleFile } from './support/single-file.ts';

/** What the loader finds for it: absolute paths. */
function libraries(): string[] {
  const { stdout } = spawnSync('ldd', [singleFile()], { encoding: 'utf8' });
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].map((match) => match[1]!);
}

function minimalRoot(): string {
  const root = ownFolder('root');
  for (const path of libraries()) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    copyFileSync(path, join(root, path));
  }
  mkdirSync(join(root, 'proc'));
  copyFileSync(singleFile(), join(root, 'reloadctl'));
  return root;
}

describeSingleFile('the single file in a minimal chroot', () => {
  it.skipIf(!need('root', 'unshare', 'chroot', 'ldd', 'mount'))('tells what is wrong with a process', async () => {
    const root = minimalRoot();
    expect(libraries().length).toBeLessThanOrEqual(7);
    // What is mounted in a mount namespace of its own goes with it.
    const inside = (...args: string[]) =>
      spawnSync('unshare', ['--mount', '/bin/sh', '-c', 'mount -t proc proc "$0/proc" && exec chroot "$0" /reloadctl "$@"', root, ...args], { encoding: 'utf8', env: { PATH: process.env.PATH } });
    expect(inside('explain', 'fd/near-limit')).toMatchObject({ stderr: '', stdout: expect.stringMatching(/^# fd\/near-limit/) });
    const { pid, truth, stop } = await startFactory(['files=5', 'close-wait=20:eof=read']);
    const { status, stdout, stderr } = inside('fds', String(pid), '--json');
    await stop();
    expect([status, stderr]).toEqual([0, '']);
    const report = JSON.parse(stdout) as { data: { open: number }; findings: { id: string }[] };
    expect(report.data.open).toBe(truth.open);
    expect(report.findings.map(({ id }) => id)).toContain('socket/close-wait');
  });
});
