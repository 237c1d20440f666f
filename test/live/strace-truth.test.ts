/** Tables from logs against /proc: for programs of ours at chosen moments, and for real ones. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { StraceData } from '../../src/strace/data.ts';
import { startChild } from './support/child.ts';
import { childrenOf, isAlive, isCloexec, openFds } from './support/kernel.ts';
import { describeNeeds, findProgram } from './support/need.ts';
import { compile, ownFolder, reloadctl } from './support/program.ts';
import { until } from './support/until.ts';

const STAGES = ['files', 'objects', 'sockets', 'copies', 'children', 'programs', 'pass', 'threads', 'thread-exec'];

type Tables = Record<number, Record<number, boolean | null>>;

function truthOf(pid: number): Tables {
  const tree = (root: number): number[] => {
    const tasks = readdirSync(`/proc/${root}/task`).map(Number);
    return [root, ...tasks.flatMap((tid) => childrenOfTask(root, tid)).flatMap(tree)];
  };
  return Object.fromEntries(tree(pid).filter(isAlive).map((one) => [one, Object.fromEntries(openFds(one).map((fd) => [fd, isCloexec(one, fd)]))]));
}

function childrenOfTask(pid: number, tid: number): number[] {
  return tid === pid ? childrenOf(pid) : childrenOf(tid);
}

async function dataOf(args: string[]): Promise<StraceData> {
  const run = await reloadctl(['strace', ...args, '--tables', '--json'], { timeoutMs: 60_000 });
  return (JSON.parse(run.stdout) as { data: StraceData }).data;
}

async function tablesOf(log: string): Promise<{ tables: Tables; data: StraceData }> {
  const data = await dataOf([log]);
  return { data, tables: Object.fromEntries(data.tables!.map(({ pid, fds }) => [pid, Object.fromEntries(fds.map(({ fd, cloexec }) => [fd, cloexec]))])) };
}

describeNeeds(['strace', 'cc'], 'tables rebuilt from a log', () => {
  it.each([['-y'], ['-tt -T'], ['-X raw'], ['-r -X verbose']])('equal /proc at every stop, recorded with %s', async (options) => {
    const log = join(ownFolder('strace'), 'log');
    const program = await compile('fd-shapes.c');
    const strace = await startChild('strace', ['-f', ...options.split(' '), '-o', log, program, ...STAGES]);
    for (const stage of [...STAGES.slice(0, -1), 'after']) {
      const [name, pid] = (await strace.nextLine()).split(' ');
      expect(name).toBe(stage);
      // Children that were started last may still be on their way through exec.
      await until(async () => JSON.stringify(truthOf(Number(pid))) === JSON.stringify((await tablesOf(log)).tables), { what: `the table after ${stage}`, deadlineMs: 5_000 }).catch(() => undefined);
      const { tables, data } = await tablesOf(log);
      expect(tables).toEqual(truthOf(Number(pid)));
      expect([data.unclassified, data.repairs]).toEqual([0, 0]);
      strace.say('');
    }
    await strace.stop();
  }, 180_000);

  it.each([['-f'], ['-ff']])('hold exactly the one of a hundred that a program leaks, recorded with %s', async (option) => {
    const folder = ownFolder('strace');
    const python = '/usr/bin/python3';
    const source = 'import os\nfor i in range(1000):\n  fd = os.open("/etc/hostname", os.O_RDONLY)\n  if i % 100 != 37: os.close(fd)\nos._exit(0)';
    const strace = await startChild('strace', [option, '-ttt', '-T', '-o', join(folder, 'log'), python, '-S', '-E', '-c', source]);
    await strace.ended;
    const { sites, unclassified } = await dataOf([join(folder, 'log')]);
    expect(sites.find(({ site }) => site === 'openat /etc/hostname')).toMatchObject({ opened: 1000, closed: 990, open: 10 });
    expect(unclassified).toBe(0);
  });
});

const REAL: [name: string, program: string, args: string[]][] = [
  ['git', 'git', ['--no-pager', 'log', '-1', '--stat']],
  ['a bash loop', 'bash', ['-c', 'for i in 1 2 3 4 5; do (exec 7</etc/passwd; cat <&7 | head -1 >/dev/null; x=$(echo $i)); done; exec 5<>/dev/null; cat /dev/null <(echo a)']],
  ['npm', 'npm', ['--version']],
  ['node', process.execPath, ['-e', 'require("fs").readdirSync("/"); require("child_process").execSync("true"); require("http").createServer().listen(0, function () { this.close() })']],
  ['python', 'python3', ['-c', 'import threading, subprocess, socket\nt=[threading.Thread(target=lambda: open("/etc/passwd").read()) for _ in range(8)]\n[x.start() for x in t]; [x.join() for x in t]; subprocess.run(["true"])']],
  ['go', 'go', ['version']],
  ['redis', 'redis-server', ['--version']],
  ['nginx', 'nginx', ['-v']],
];

describeNeeds(['strace'], 'logs of real programs', () => {
  it.each(REAL)('of %s have no line that is not known, and need no repair', async (_name, program, args) => {
    const path = existsSync(program) ? program : findProgram(program);
    if (path === undefined) return;
    const log = join(ownFolder('strace'), 'log');
    const strace = await startChild('strace', ['-f', '-tt', '-T', '-y', '-o', log, path, ...args]);
    await strace.ended;
    const { unclassified, repairs, lines, tables, sites } = await dataOf([log]);
    expect(lines).toBeGreaterThan(20);
    expect([unclassified, repairs]).toEqual([0, 0]);
    expect(tables).toEqual([]);
    for (const { opened, closed, open } of sites) expect(opened - closed).toBe(open);
  });
});
