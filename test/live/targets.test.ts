/** Every way to name a target, on real processes. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { look } from '../cli/support/look.ts';
import { startChild } from './support/child.ts';
import { childrenOf, openFds } from './support/kernel.ts';
import { describeNeeds, findProgram, need } from './support/need.ts';
import { startNginx } from './support/nginx.ts';
import { ownFolder, PYTHON, reloadctl, startFactory } from './support/program.ts';
import { freePort } from './support/service.ts';

/** `sleep` under a name of its own, so that no other process of the machine is called so. */
function sleepCalled(name: string): string {
  const path = join(ownFolder('program'), name);
  copyFileSync(findProgram('sleep')!, path);
  return path;
}

const unique = (): string => `rt${process.pid}${Math.random().toString(36).slice(2, 6)}`;

describe('by pid and by name', () => {
  it('a pid', async () => {
    const child = await startChild(sleepCalled(unique()), ['100']);
    const { run, report } = await look([child.pid]);
    expect(run.code).toBe(0);
    expect(report.target).toMatchObject({ spec: String(child.pid), pids: [child.pid] });
    const open = openFds(child.pid).length;
    expect(report.data.processes).toMatchObject([{ pid: child.pid, ppid: process.pid, open, uid: process.getuid?.() }]);
    await child.stop('SIGTERM');
  });

  it('a name, also one the kernel cut off', async () => {
    for (const name of [unique(), `${unique()}-with-a-long-tail`]) {
      const child = await startChild(sleepCalled(name), ['100']);
      const { report } = await look([name]);
      expect(report.target).toMatchObject({ spec: name, pids: [child.pid] });
      await child.stop('SIGTERM');
    }
  });

  it('a name of two programs: each with its command', async () => {
    const name = unique();
    // Below different parents: two of one parent could be the workers of one service.
    const path = sleepCalled(name);
    const first = await startChild(path, ['100']);
    const shell = await startChild('/bin/sh', ['-c', `${path} 101 & echo $!; read wait; kill $!`]);
    const second = Number(await shell.nextLine());
    const run = await reloadctl(['fds', name]);
    expect([run.code, run.stdout]).toEqual([2, '']);
    expect(run.stderr).toContain(`2 different processes are called ${name}`);
    for (const pid of [first.pid, second]) expect(run.stderr).toMatch(new RegExp(`^ +reloadctl fds ${pid} +# .*${name}$`, 'm'));
    await Promise.all([first.stop('SIGTERM'), shell.stop()]);
  });

  it('a name nobody has', async () => {
    const run = await reloadctl(['fds', unique()]);
    expect([run.code, run.stdout]).toEqual([3, '']);
    expect(run.stderr).toMatch(/^reloadctl: no process is called rt/);
    expect(run.stderr).toContain('reloadctl fds --top');
  });
});

describeNeeds(['python3'], 'several processes', () => {
  it('--tree: with all descendants, each a row', async () => {
    const { pid, truth, stop } = await startFactory(['fork-shared-epoll', 'inherit-file', 'files=5']);
    const expected = [pid, ...truth.children.map((child) => child.pid)].sort((a, b) => a - b);
    const { report } = await look([pid, '--tree']);
    expect(report.target?.pids).toEqual(expected);
    expect(report.data.processes.map((process) => [process.pid, process.open])).toEqual(expected.map((one) => [one, openFds(one).length]));
    expect(report.data.open).toBe(expected.reduce((sum, one) => sum + openFds(one).length, 0));
    expect((await look([pid])).report.target?.pids).toEqual([pid]);
    await stop();
  });

  it('zombies among them are no obstacle', async () => {
    const { pid, stop } = await startFactory(['zombie=2', 'files=3']);
    const { run, report } = await look([pid, '--tree']);
    expect(report.data.processes.map((process) => [process.state, process.open])).toContainEqual(['Z', 0]);
    expect([run.code, report.verdict]).toEqual([0, 'pass']);
    expect(report.coverage).toContainEqual(expect.objectContaining({ source: 'ended processes', total: 2, needed: false }));
    await stop();
  });

  it(':port: everybody who listens there, TCP before UDP', async () => {
    const { pid, truth, stop } = await startFactory(['tcp-listen', 'reuseport=2', 'udp', 'inherit-intended']);
    const [port = 0] = truth.facts['tcp-listen']?.ports ?? [];
    expect((await look([`:${port}`])).report.target).toMatchObject({ spec: `:${port}`, pids: [pid] });
    expect((await look([`:${truth.facts.reuseport?.port}`])).report.target?.pids).toEqual([pid]);
    expect((await look([`:${truth.facts.udp?.ports?.[0]}`])).report.target?.pids).toEqual([pid]);
    const shared = (await look([`:${truth.facts['inherit-intended']?.ports?.[0]}`])).report.target?.pids;
    expect(shared).toEqual([pid, truth.children[0]?.pid].sort((a = 0, b = 0) => a - b));
    await stop();
  });

  it(':port nobody listens on', async () => {
    const port = await freePort();
    const run = await reloadctl(['fds', `:${port}`]);
    expect([run.code, run.stdout]).toEqual([3, '']);
    expect(run.stderr).toContain(`nobody listens on port ${port}`);
  });
});

describeNeeds(['nginx', 'setpriv'], 'one service of several workers', () => {
  it('is one report with a row per process, by name below its master, by port, by pid file', async () => {
    const nginx = await startNginx();
    const all = [nginx.pid, ...childrenOf(nginx.pid)].sort((a, b) => a - b);
    for (const args of [[`:${nginx.port}`], [join(nginx.dir, 'nginx.pid'), '--tree'], [nginx.pid, '--tree']]) {
      const { report } = await look(args);
      expect(report.data.processes.map((process) => process.pid)).toEqual(all);
      expect(report.findings.filter((finding) => finding.severity !== 'info')).toEqual([]);
    }
    const run = await reloadctl(['fds', 'nginx']);
    // Another nginx may run beside ours: then the name is ambiguous, and ours is proposed as a whole.
    if (run.code === 2) expect(run.stderr).toContain(`reloadctl fds ${nginx.pid} --tree`);
    else expect(run.stdout).toContain('nginx (3 processes)');
    await nginx.stop();
  });
});

describe('by pid file', () => {
  const folder = ownFolder('pidfile');
  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };

  it.each([
    ['plain', '\n'],
    ['without newline', ''],
    ['with more lines', '\n/var/lib\n5432\n'],
  ])('a good one: %s', async (name, tail) => {
    const { report } = await look([file(`${name}.pid`, `${process.pid}${tail}`)]);
    expect(report.target?.pids).toEqual([process.pid]);
  });

  it('a stale one', async () => {
    const ended = await startChild('true', []);
    await ended.ended;
    const path = file('stale.pid', `${ended.pid}\n`);
    const run = await reloadctl(['fds', path]);
    expect([run.code, run.stdout]).toEqual([3, '']);
    expect(run.stderr).toBe(`reloadctl: pid file ${path} names process ${ended.pid}, which does not exist: the file is stale\n`);
  });

  it.each([
    ['garbage', 'not a pid\n', 'its first line is not a number'],
    ['empty', '', 'it is empty\n  a service that is just starting or stopping has not written it yet, or emptied it'],
    ['binary', '\0\x01\xff', 'its first line is not a number'],
    ['huge', `${'9'.repeat(40)}\n`, 'its first line is not a number'],
  ])('no pid file: %s', async (name, text, why) => {
    const path = file(`${name}.pid`, text);
    const run = await reloadctl(['fds', path]);
    expect([run.code, run.stdout]).toEqual([2, '']);
    expect(run.stderr).toBe(`reloadctl: ${path}:1:1: not a pid file: ${why}\n`);
  });

  it('a folder, a missing file', async () => {
    const missing = await reloadctl(['fds', join(folder, 'missing.pid')]);
    expect([missing.code, missing.stderr]).toEqual([2, `reloadctl: pid file ${join(folder, 'missing.pid')}: no such file\n`]);
    const directory = await reloadctl(['fds', `${folder}/`]);
    expect([directory.code, directory.stderr]).toEqual([2, `reloadctl: pid file ${folder}/: is a directory\n`]);
  });

  it.skipIf(!need('mkfifo', 'python3'))('a FIFO does not hold us', async () => {
    const path = join(folder, 'fifo.pid');
    execFileSync('mkfifo', [path]);
    const run = await reloadctl(['fds', path], { timeoutMs: 10_000 });
    expect([run.timedOut, run.code, run.stdout]).toEqual([false, 2, '']);
    // Held open for writing, with nothing in it: reading it would block.
    const holder = `import os,sys; os.open(${JSON.stringify(path)}, os.O_RDWR); print(flush=True); sys.stdin.read()`;
    const writer = await startChild(PYTHON, ['-c', holder]);
    await writer.nextLine();
    const held = await reloadctl(['fds', path], { timeoutMs: 10_000 });
    expect([held.timedOut, held.code, held.stdout]).toEqual([false, 2, '']);
    expect(held.stderr).toContain(path);
    await writer.stop();
  });
});
