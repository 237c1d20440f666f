/** The single file in an empty folder, with an empty environment: all it needs is in it. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { need } from '../live/support/need.ts';
import { ownFolder, reloadctl, startFactory } from '../live/support/program.ts';
import { timeless } from './support/same.ts';
import { alone, describeSingleFile, ROOT, singleFile } from './support/single-file.ts';

interface Row {
  name: string;
  status: string;
  detail: string;
  fix?: string;
}

async function doctor(env: NodeJS.ProcessEnv = {}): Promise<Map<string, Row>> {
  const { code, stdout, stderr } = await alone(['doctor', '--json'], { env });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { data } = JSON.parse(stdout) as { data: { capabilities: Row[] } };
  return new Map(data.capabilities.map((row) => [row.name, row]));
}

const MIXED = [
  'files=23:cache/item-{}.json',
  'devnull=3',
  'pipe=2',
  'socketpair=2',
  'tcp-listen-backlog=1:queue=3:max=7',
  'accept-queue-full=1',
  'established=5',
  'close-wait=20:eof=read',
  'closed-both=20',
  'never-connected=3',
  'unix-listen=1',
  'udp=2',
  'eventfd=2',
  'timerfd=1',
  'inotify=1:watches=2',
  'dup=9',
  'deleted=3:log/app-{}.log:size=8388608',
  'stale-epoll-closed=2',
  'stale-epoll-eventfd=2',
  'inherit-listener=1',
];

describeSingleFile('the single file alone', () => {
  it('tells its version', async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(await alone(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it.each([['1'], ['']])('sees of a process what the Node build sees, with RELOADCTL_NO_NATIVE=%j', async (off) => {
    const { pid, truth, stop } = await startFactory(MIXED);
    const args = ['fds', String(pid), '--list', '--json'];
    const ours = await alone(args, { env: { RELOADCTL_NO_NATIVE: off } });
    const node = await reloadctl(args, { env: { RELOADCTL_NO_NATIVE: off } });
    expect([ours.code, ours.stderr]).toEqual([node.code, node.stderr]);
    expect(timeless(ours.stdout)).toEqual(timeless(node.stdout));
    const { data, findings } = JSON.parse(ours.stdout) as { data: { open: number; fds: unknown[] }; findings: { id: string }[] };
    expect([data.open, data.fds.length]).toEqual([truth.open, truth.open]);
    expect(new Set(findings.map(({ id }) => id))).toContain('epoll/stale-target');
    await stop();
  });

  it('records a tape and reads it', async () => {
    const { pid, stop } = await startFactory(['files=5', 'close-wait=20:eof=read']);
    const folder = ownFolder('tape');
    const file = join(folder, 'a.rctl');
    expect(await alone(['record', pid, '-q', '-o', file], { cwd: folder })).toMatchObject({ code: 0, stderr: '' });
    await stop();
    const ours = await alone(['fds', '--from', file, '--json']);
    const node = await reloadctl(['fds', '--from', file, '--json']);
    expect(ours).toEqual({ code: node.code, stdout: node.stdout, stderr: node.stderr });
  });

  it('explains every finding, from pages of its own', async () => {
    const pages = readdirSync(join(ROOT, 'docs/findings')).filter((name) => name.endsWith('.md'));
    const { code, stdout } = await alone(['explain', '--json']);
    expect(code).toBe(0);
    const { findings } = JSON.parse(stdout) as { findings: { id: string }[] };
    expect(findings.map(({ id }) => `${id.replace('/', '-')}.md`).sort()).toEqual(pages.sort());
    const page = readFileSync(join(ROOT, 'docs/findings/fd-near-limit.md'), 'utf8').replace(/^<!--[^\n]*-->\n/gm, '');
    expect(await alone(['explain', 'fd/near-limit'])).toEqual({ code: 0, stdout: page, stderr: '' });
  });

  it('prints the schema', async () => {
    const schema = readFileSync(join(ROOT, 'schema/report.schema.json'), 'utf8');
    expect(await alone(['schema'])).toEqual({ code: 0, stdout: schema, stderr: '' });
  });

  it('prints completions', async () => {
    const script = readFileSync(join(ROOT, 'completions/_reloadctl'), 'utf8');
    expect(await alone(['completion', 'zsh'])).toEqual({ code: 0, stdout: script, stderr: '' });
  });

  it('has native calls without a file beside it, and does without them', async () => {
    const rows = await doctor();
    expect(rows.get('single file')?.status).toBe('ok');
    expect(rows.has('Node')).toBe(false);
    for (const name of ['sock_diag', 'kcmp', 'pidfd_getfd', 'cat and stat']) expect(rows.get(name), name).toMatchObject({ status: 'ok' });
    const without = await doctor({ RELOADCTL_NO_NATIVE: '1' });
    for (const name of ['sock_diag', 'kcmp', 'pidfd_getfd'])
      expect(without.get(name), name).toMatchObject({ status: 'unsupported', fix: 'unset RELOADCTL_NO_NATIVE' });
  });

  it('shows the demo, names the system, and leaves nothing behind', async () => {
    const folder = ownFolder('demo');
    const { code, stdout } = await alone(['demo', '--json'], { env: { TMPDIR: folder } });
    expect(code).toBe(0);
    const { data, target } = JSON.parse(stdout) as {
      data: { planted: { fault: string; planted: number; found: number }[]; machine: { os: string } };
      target: { label: string };
    };
    expect(target.label).toContain('leaky-server');
    expect(data.planted.length).toBe(5);
    for (const { fault, planted, found } of data.planted) expect([fault, found]).toEqual([fault, planted]);
    const name = /^NAME="?(\w+)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? '';
    expect(data.machine.os).toContain(name);
    expect(readdirSync(folder)).toEqual([]);
  });

  it.skipIf(!need('strace'))('names the test of Node that leaves something, by a preload of its own, and leaves none', async () => {
    const folder = ownFolder('assert');
    const test = join(folder, 'leaves.cjs');
    writeFileSync(test, "const { test } = require('node:test');\ntest('leaves a server', () => {\n  require('node:net').createServer().listen(0);\n});\n");
    const empty = ownFolder('empty');
    const { code, stdout, stderr } = await alone(['assert', '--node', '--json', '--', process.execPath, '--test', test], { env: { PATH: process.env.PATH, TMPDIR: empty } });
    expect(code, stderr).toBe(1);
    const { data } = JSON.parse(stdout) as { data: { leaks: object[] } };
    expect(data.leaks).toMatchObject([{ id: 'node/test-leak', test: 'leaves a server', site: `${test}:3:38` }]);
    expect(readdirSync(empty)).toEqual([]);
  });

  it('keeps its exit code and says nothing when nobody reads on', async () => {
    const { pid, stop } = await startFactory(['files=2000']);
    const child = spawn(singleFile(), ['fds', String(pid), '--list'], { env: {}, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    child.stdout.once('data', () => child.stdout.destroy());
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect([code, said]).toEqual([0, '']);
    await stop();
  });

  it('refuses what it does not know with exit 2', async () => {
    expect((await alone(['fds', '--no-such'])).code).toBe(2);
    expect((await alone(['--reloadctl-program', 'no-such'])).code).toBe(2);
  });
});
