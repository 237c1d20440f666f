/** Without the right to use handles: what a walk finds of healthy watchers, busy ones and large ones. */
import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import type { InotifyData } from '../../src/inotify/instances/data.ts';
import type { Report } from '../../src/report/index.ts';
import { type Child, startChild } from './support/child.ts';
import { describeNeeds, findProgram, need } from './support/need.ts';
import { ownFolder, PYTHON, reloadctl } from './support/program.ts';
import { until } from './support/until.ts';
import { fixtureOf } from './support/watching.ts';

const UID = 61_306;
const AS_USER = ['--reuid', String(UID), '--regid', String(UID), '--clear-groups'];

function startAsUser(program: string, args: readonly string[], cwd?: string): Promise<Child> {
  return startChild('setpriv', [...AS_USER, program, ...args], cwd === undefined ? {} : { cwd });
}

async function look(pid: number, more: readonly string[] = []): Promise<{ code: number | null; report: Report; data: InotifyData }> {
  const { code, stdout } = await reloadctl(['inotify', String(pid), '--json', ...more], { uid: UID });
  const report = JSON.parse(stdout) as Report;
  return { code, report, data: report.data as InotifyData };
}

const watchesOf = (pid: number): number => {
  for (const fd of [3, 4, 5, 6]) {
    try {
      const lines = readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1').match(/^inotify /gm);
      if (lines) return lines.length;
    } catch {
      // Not open, or not yet.
    }
  }
  return 0;
};

/** Saves by rename, in place and of temporary files, and directories that come and go: twelve rounds a second until it is ended. */
const LOAD = `
import os, sys, time
folder = sys.argv[1]
number = 0
print('ready', flush=True)
while True:
    number += 1
    path = f'{folder}/f{number % 20}.txt'
    with open(path + '.tmp', 'w') as file: file.write('x')
    os.rename(path + '.tmp', path)
    with open(f'{folder}/sub/f{number % 5}.txt', 'a') as file: file.write('x')
    held = open(f'{folder}/h{number % 3}.txt', 'w')
    os.unlink(held.name)
    os.makedirs(f'{folder}/build/{number % 4}', exist_ok=True)
    if number % 4 == 3:
        for each in range(4): os.path.isdir(f'{folder}/build/{each}') and os.rmdir(f'{folder}/build/{each}')
    time.sleep(0.08)
    held.close()`;

describeNeeds(['python3', 'root', 'setpriv'], 'as the user of the target', () => {
  it('a program that works below a directory it may not pass is found whole', async () => {
    const folder = ownFolder('private');
    mkdirSync(`${folder}/in/deep`, { recursive: true });
    for (const path of [`${folder}/in`, `${folder}/in/deep`]) chownSync(path, UID, UID);
    const program = `
import ctypes, os, sys
os.setgroups([]); os.setgid(${UID}); os.setuid(${UID})
libc = ctypes.CDLL(None)
libc.prctl(4, 1)
fd = libc.inotify_init1(0)
for path in (b'.', b'deep'): libc.inotify_add_watch(fd, path, 0xfc6)
print('ready', flush=True)
sys.stdin.read()`;
    const child = await startChild(PYTHON, ['-c', program], { cwd: `${folder}/in` });
    await child.nextLine();
    chmodSync(folder, 0o700);
    const { code, data } = await look(child.pid);
    expect(data.watches.map(({ path, state }) => [path, state])).toEqual([[`${folder}/in`, 'ok'], [`${folder}/in/deep`, 'ok']]);
    expect(code).toBe(0);
    await child.stop();
  });

  it.skipIf(!need('inotifywait'))('a recursive watcher that listens for listings, of hundreds of directories with directories in them, is found whole', async () => {
    const folder = ownFolder('many', UID);
    for (let number = 0; number < 400; number++) mkdirSync(`${folder}/p${number % 20}/s${number}/x`, { recursive: true });
    const child = await startAsUser(findProgram('inotifywait')!, ['-mrq', folder]);
    await until(() => watchesOf(child.pid) === 821, { deadlineMs: 30_000, what: '821 watches' });
    const { code, report, data } = await look(child.pid);
    expect(data.watches.filter(({ state }) => state !== 'ok')).toEqual([]);
    expect([code, report.verdict, data.watches.length]).toEqual([0, 'pass', 821]);
    expect(report.coverage.find(({ source }) => source === 'paths of watches')?.detail).toMatch(/^4\d\d directories that the target watches for being read were listed/);
    await child.stop('SIGTERM');
  });

  it.skipIf(!need('inotifywait'))('the same one that does not read is told no more than an eighth of its queue', async () => {
    const folder = ownFolder('stopped', UID);
    for (let number = 0; number < 400; number++) mkdirSync(`${folder}/p${number % 20}/s${number}/x`, { recursive: true });
    const child = await startAsUser(findProgram('inotifywait')!, ['-mrq', folder]);
    await until(() => watchesOf(child.pid) === 821, { deadlineMs: 30_000, what: '821 watches' });
    process.kill(child.pid, 'SIGSTOP');
    const { code } = await look(child.pid);
    expect(code).toBe(3);
    const { data } = await look(child.pid);
    process.kill(child.pid, 'SIGCONT');
    expect(data.instances[0]?.queueBytes).toBeGreaterThan(0);
    expect(data.instances[0]?.queueBytes).toBeLessThanOrEqual((16_384 * 32) / 8);
    await child.stop('SIGTERM');
  });

  it('directories below one that is named on the command line are found before the rest of the disk', async () => {
    const folder = ownFolder('named', UID);
    const deep = `${folder}/sub/deep`;
    mkdirSync(deep, { recursive: true });
    const program = `
import ctypes, os, sys
libc = ctypes.CDLL(None)
fd = libc.inotify_init1(0)
for path in ('', '/sub', '/sub/deep'): libc.inotify_add_watch(fd, os.fsencode(sys.argv[1] + path), 0xfc6)
os.chdir('/usr')
print('ready', flush=True)
sys.stdin.read()`;
    const child = await startAsUser(PYTHON, ['-c', program, folder]);
    await child.nextLine();
    const { code, data } = await look(child.pid);
    expect([code, data.watches.map(({ path }) => path)]).toEqual([0, [folder, dirname(deep), deep]]);
    await child.stop();
  });

  it.skipIf(!need('watchers'))('a busy chokidar is healthy at every look', async () => {
    const folder = ownFolder('busy', UID);
    mkdirSync(`${folder}/sub`);
    for (let number = 0; number < 20; number++) writeFileSync(`${folder}/f${number}.txt`, 'x');
    // Whoever saves must be allowed to.
    rmSync(`${folder}/sub`, { recursive: true });
    const maker = await startAsUser(PYTHON, ['-c', 'import os, sys; os.makedirs(sys.argv[1] + "/sub"); print("ready")', folder]);
    await maker.ended;
    const child = await startAsUser(process.execPath, [fixtureOf('watchers/chokidar5/watch.mjs'), folder]);
    expect(await child.nextLine()).toBe('ready');
    const load = await startAsUser(PYTHON, ['-c', LOAD, folder]);
    await load.nextLine();
    const bad: unknown[] = [];
    for (let round = 0; round < 6; round++) {
      const { code, report, data } = await look(child.pid, round % 3 === 2 ? ['--watch', '1s'] : []);
      const lost = data.watches.filter(({ state }) => state === 'unresolved');
      if (code !== 0 || report.verdict !== 'pass') bad.push([code, report.verdict, lost, report.findings.map(({ title }) => title), report.coverage.filter(({ status }) => status !== 'ok')]);
      bad.push(...report.findings.filter(({ severity }) => severity !== 'info').map(({ title }) => title));
    }
    expect(bad).toEqual([]);
    await load.stop('SIGTERM');
    await child.stop();
  }, 90_000);
});
