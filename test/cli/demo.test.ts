/** The demo of the built program: finds what it planted, and leaves nothing behind on any way out. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { plainEnv } from '../live/support/child.ts';
import { need } from '../live/support/need.ts';
import { ownFolder, reloadctl } from '../live/support/program.ts';
import { until } from '../live/support/until.ts';

const BINARY = fileURLToPath(new URL('../../bin/reloadctl.js', import.meta.url));

interface DemoReport {
  command: string;
  target: { pids: number[] };
  verdict: string;
  findings: { id: string; severity: string; title: string }[];
  coverage: { source: string; status: string; seen?: number; total?: number }[];
  data: { open: number; limit: { soft: number }; planted: { fault: string; finding?: string; planted: number; found: number; ok: boolean }[]; machine: { os: string } };
}

/** Ended, or ended and not taken by its parent yet. */
function isGone(pid: number): boolean {
  try {
    return /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return true;
  }
}

/** A demo with a folder for temporary files of its own, so that what it leaves there can be seen. */
class Demo {
  readonly folder = ownFolder('demo');
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  stdout = '';
  stderr = '';

  constructor(args: string[], stdin: 'pipe' | 'ignore' = 'pipe') {
    this.child = spawn(process.execPath, [BINARY, 'demo', ...args], { env: plainEnv({ TMPDIR: this.folder }), stdio: [stdin, 'pipe', 'pipe'] });
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => void (this.stdout += text));
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => void (this.stderr += text));
    this.ended = new Promise((resolve) => this.child.on('close', resolve));
  }

  /** Pid of the server, once it has planted everything. */
  async server(): Promise<number> {
    return Number(await until(() => /process (\d+);/.exec(this.stderr)?.[1], { what: 'the server', deadlineMs: 20_000 }));
  }

  leftovers(): string[] {
    return readdirSync(this.folder);
  }
}

const demos: Demo[] = [];

function startDemo(...args: ConstructorParameters<typeof Demo>): Demo {
  const demo = new Demo(...args);
  demos.push(demo);
  return demo;
}

afterEach(() => {
  for (const { child } of demos.splice(0)) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
});

describe('demo', () => {
  it('finds all it planted and exits with 0', async () => {
    const folder = ownFolder('demo');
    const { code, stdout, stderr } = await reloadctl(['demo', '--json'], { env: { TMPDIR: folder } });
    expect(code, stderr).toBe(0);
    const { data, findings, coverage, target } = JSON.parse(stdout) as DemoReport;
    expect(data.planted.map(({ planted, found, ok }) => [planted, found, ok])).toEqual(data.planted.map(({ planted }) => [planted, planted, true]));
    expect(Object.fromEntries(data.planted.map((row) => [row.finding ?? row.fault, row.found]))).toMatchObject({
      'socket/close-wait': 40, 'fd/deleted-file': 1, 'fd/duplicates': 12, 'files of unfinished uploads': 60,
    });
    expect(findings.find(({ id }) => id === 'socket/close-wait')).toMatchObject({ severity: 'warning', title: expect.stringContaining('40 sockets') });
    expect(findings.find(({ id }) => id === 'fd/deleted-file')).toMatchObject({ severity: 'warning', title: expect.stringContaining('20.0 MiB') });
    expect(coverage.find(({ source }) => source === 'planted faults')).toMatchObject({ status: 'ok', seen: data.planted.length, total: data.planted.length });
    expect(isGone(target.pids[0]!)).toBe(true);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('lowers the limit where native calls are, and does without where they are not', async () => {
    const [withThem, without] = await Promise.all([reloadctl(['demo', '--json']), reloadctl(['demo', '--json'], { env: { RELOADCTL_NO_NATIVE: '1' } })]);
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
    expect(stderr).toMatch(/^demo: .*Linux.* of memory .*\ndemo: started a server that leaks on purpose, on 127\.0\.0\.1:\d+, process \d+; .*reloadctl fds \d+\n$/);
    const parts = ['CRITICAL', 'COUNT', 'What happened', 'Planted and found', 'What it means', 'On a real process', '$ reloadctl fds <pid>'].map((part) => stdout.indexOf(part));
    expect(parts).toEqual(parts.toSorted((a, b) => a - b));
    expect(parts[0]).toBe(0);
    expect(stdout).not.toContain('NOT FOUND');
  });

  it('counts only its own descriptors, whatever it was started with', async () => {
    const shell = 'exec 7</etc/passwd 8</etc/passwd 9</etc/passwd; exec "$0" "$@"';
    const child = spawn('/bin/sh', ['-c', shell, process.execPath, BINARY, 'demo', '--json'], { env: plainEnv(), stdio: ['ignore', 'pipe', 'ignore'] });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => void (stdout += text));
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect(code).toBe(0);
    expect(stdout).not.toContain('/etc/passwd');
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
    const demo = ownFolder('demo');
    const child = spawn('/bin/sh', ['-c', 'ulimit -n 70; exec "$0" "$@"', process.execPath, BINARY, 'demo'], { env: plainEnv({ TMPDIR: demo }), stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => void (stderr += text));
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(3);
    expect(stderr).toContain('EMFILE');
    expect(readdirSync(demo)).toEqual([]);
  });
});

describe('demo --keep', () => {
  it('prints the report, and stays until Enter', async () => {
    const demo = startDemo(['--keep']);
    const pid = await demo.server();
    await until(() => demo.stderr.includes('until you press Enter') && demo.stdout.includes('looked at'), { what: 'the report' });
    expect(isGone(pid)).toBe(false);
    expect(demo.stdout).toContain(`$ reloadctl fds ${pid}\n`);
    const byHand = await reloadctl(['fds', String(pid), '--list', '--where', 'state=CLOSE_WAIT', '--json']);
    expect((JSON.parse(byHand.stdout) as { data: { fds: unknown[] } }).data.fds).toHaveLength(40);
    demo.child.stdin!.write('\n');
    expect(await demo.ended).toBe(0);
    expect(isGone(pid)).toBe(true);
    expect(demo.leftovers()).toEqual([]);
  });

  it('ends with its stdin', async () => {
    const demo = startDemo(['--keep'], 'ignore');
    expect(await demo.ended).toBe(0);
    expect(demo.leftovers()).toEqual([]);
  });

  it.each([['SIGINT', 130], ['SIGTERM', 143]] as const)('ends with %s', async (signal, code) => {
    const demo = startDemo(['--keep']);
    const pid = await demo.server();
    await until(() => demo.stderr.includes('until you press Enter'));
    demo.child.kill(signal);
    expect(await demo.ended).toBe(code);
    expect(isGone(pid)).toBe(true);
    expect(demo.leftovers()).toEqual([]);
  });
});

describe('the server of the demo', () => {
  it('is gone after SIGINT while it is looked at, and what was seen is printed', async () => {
    const demo = startDemo([]);
    const pid = await demo.server();
    demo.child.kill('SIGINT');
    expect(await demo.ended).toBe(130);
    expect(demo.stdout).toContain('leaky-server');
    expect(isGone(pid)).toBe(true);
    expect(demo.leftovers()).toEqual([]);
  });

  it('is gone after SIGINT while it plants', async () => {
    const demo = startDemo(['--json']);
    await until(() => demo.leftovers().length > 0, { what: 'the folder' });
    demo.child.kill('SIGINT');
    expect(await demo.ended).toBe(130);
    expect((JSON.parse(demo.stdout) as DemoReport).command).toBe('demo');
    expect(demo.leftovers()).toEqual([]);
  });

  it.each(['SIGKILL', 'SIGHUP'] as const)('is gone after %s of the demo, and takes its folder along', async (signal) => {
    const demo = startDemo(['--keep']);
    const pid = await demo.server();
    demo.child.kill(signal);
    await until(() => isGone(pid), { what: 'the end of the server' });
    expect(demo.leftovers()).toEqual([]);
  });

  it('is gone after SIGKILL of the demo while it plants', async () => {
    const demo = startDemo([]);
    await until(() => demo.leftovers().length > 0, { what: 'the folder' });
    demo.child.kill('SIGKILL');
    await until(() => demo.leftovers().length === 0, { what: 'the end of the folder', deadlineMs: 20_000 });
  });

  it('leaves nothing when it is killed itself', async () => {
    const demo = startDemo(['--keep']);
    const pid = await demo.server();
    await until(() => demo.stderr.includes('until you press Enter'));
    process.kill(pid, 'SIGKILL');
    await until(() => isGone(pid));
    demo.child.stdin!.write('\n');
    expect(await demo.ended).toBe(0);
    expect(demo.leftovers()).toEqual([]);
  });
});
