/** However a recording ends, its target runs on, untraced; and nothing of ours is left. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Child, plainEnv, startChild } from './support/child.ts';
import { isAlive } from './support/kernel.ts';
import { describeNeeds, need } from './support/need.ts';
import { ownFolder, PYTHON, reloadctl } from './support/program.ts';
import { until } from './support/until.ts';

const ENTRY = join(import.meta.dirname, '../../bin/reloadctl.js');
/** Counts on: whoever stops it stops the counting. */
const COUNTS = 'import os, time\nprint(os.getpid(), flush=True)\nwhile True:\n  os.close(os.open("/etc/hostname", os.O_RDONLY)); time.sleep(0.002)';

/** Its first thread is gone, and another one goes on. */
const HEADLESS = 'import ctypes, os, threading, time\ndef work():\n  while True: os.close(os.open("/etc/hostname", os.O_RDONLY)); time.sleep(0.005)\nthreading.Thread(target=work).start()\nprint(os.getpid(), flush=True)\nctypes.CDLL(None).syscall(60, 0)';

/** Runs its arguments at a terminal of their own, tells the line that begins with `pids`, closes the terminal, and tells how they exit. */
const CLOSES = 'import os, pty, sys\npid, fd = pty.fork()\nif pid == 0: os.execvp(sys.argv[1], sys.argv[1:])\nsaid = b""\nwhile b"pids" not in said or not said.endswith(b"\\n"): said += os.read(fd, 4096)\nprint(said[said.index(b"pids"):].split(b"\\r")[0].decode(), flush=True)\nos.close(fd)\nstatus = os.waitpid(pid, 0)[1]\nprint(f"killed {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"exit {os.WEXITSTATUS(status)}", flush=True)\nsys.stdin.read()';

const statusOf = (pid: number, key: string): string => new RegExp(`^${key}:\\s*(\\S+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? '';
const tracerOf = (pid: number): number => Number(statusOf(pid, 'TracerPid'));
const switchesOf = (pid: number): number => Number(statusOf(pid, 'voluntary_ctxt_switches'));
const childrenOf = (pid: number): number[] => readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter((word) => word !== '').map(Number);

/** It goes on: its main thread is scheduled again and again, by nobody's leave. */
async function runsOn(pid: number): Promise<void> {
  await until(() => tracerOf(pid) === 0 && !/[tT]/.test(statusOf(pid, 'State')), { what: 'the target let go', deadlineMs: 10_000 });
  const before = switchesOf(pid);
  await until(() => switchesOf(pid) > before + 5, { what: 'the target going on', deadlineMs: 5000 });
}

describeNeeds(['strace', 'setpriv'], 'strace -p', () => {
  let target: Child;
  let pid = 0;
  beforeAll(async () => {
    target = await startChild(PYTHON, ['-S', '-E', '-c', COUNTS]);
    pid = Number(await target.nextLine());
  });
  afterAll(() => target.stop('SIGKILL'));

  async function record(options: { args?: string[] } = {}) {
    const folder = ownFolder('tmp');
    const ours = spawn(process.execPath, [ENTRY, 'strace', '-p', String(pid), '--engine', 'strace', '--yes', '--for', '60s', ...(options.args ?? [])], { stdio: ['ignore', 'pipe', 'pipe'], env: plainEnv({ TMPDIR: folder }) });
    ours.stderr.resume();
    const ended = new Promise<{ code: number | null; signal: string | null; stdout: string }>((resolve) => {
      let stdout = '';
      ours.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text)).on('error', () => undefined);
      ours.on('close', (code, signal) => resolve({ code, signal, stdout }));
    });
    await until(() => tracerOf(pid) !== 0, { what: 'strace attached', deadlineMs: 10_000 });
    // It goes on, traced, by which time we have seen that it is.
    const before = switchesOf(pid);
    await until(() => switchesOf(pid) > before + 40, { what: 'the recording begun' });
    expect(readdirSync(folder)).toEqual([]);
    return { ours, ended, tracer: tracerOf(pid), helpers: childrenOf(ours.pid!) };
  }

  it.each([['SIGINT', 130], ['SIGTERM', 143], ['SIGKILL', null]] as const)('is undone when we get %s', async (name, code) => {
    const { ours, ended, tracer, helpers } = await record();
    expect(helpers.length).toBeGreaterThan(1);
    ours.kill(name);
    const end = await ended;
    expect(end.code).toBe(code);
    if (code !== null) expect(end.stdout).toContain('until it was interrupted');
    await runsOn(pid);
    await until(() => ![tracer, ...helpers].some(isAlive), { what: 'nothing of ours left', deadlineMs: 10_000 });
  });

  it('is undone when strace is killed, and says that it ended early', async () => {
    const { ended, tracer } = await record({ args: ['--json'] });
    process.kill(tracer, 'SIGKILL');
    const report = JSON.parse((await ended).stdout) as { data: { recording: { left: object[] } } };
    expect(report.data.recording.left).toEqual([{ pid, tracer: 0, state: expect.stringMatching(/[RSD]/) }]);
    await runsOn(pid);
  });

  it('lets go by itself where there are more calls than it may slow down', async () => {
    const { code, stdout } = await reloadctl(['strace', '-p', String(pid), '--engine', 'strace', '--yes', '--for', '60s', '--max-rate', '20', '--json']);
    expect([code, JSON.parse(stdout)]).toMatchObject([3, { data: { recording: { stopped: 'rate', left: [{ pid, tracer: 0 }] } }, coverage: expect.arrayContaining([expect.objectContaining({ source: 'recording', detail: expect.stringContaining('more than --max-rate 20') })]) }]);
    await runsOn(pid);
  });

  it('is undone when nobody reads what we tell', async () => {
    const { ours, ended, tracer, helpers } = await record();
    ours.stdout.destroy();
    ours.kill('SIGINT');
    await ended;
    await runsOn(pid);
    await until(() => ![tracer, ...helpers].some(isAlive));
  });

  it('is undone by the guard when we are stopped for good', async () => {
    const { ours, ended, helpers, tracer } = await record();
    const guard = helpers.find((one) => one !== tracer)!;
    ours.kill('SIGSTOP');
    // What its own clock does in time.
    process.kill(guard, 'SIGTERM');
    await runsOn(pid);
    ours.kill('SIGKILL');
    ours.kill('SIGCONT');
    await ended;
  });
});

const INSTANCES = '/sys/kernel/tracing/instances';
const instanceOf = (pid: number): string[] => readdirSync(INSTANCES).filter((name) => name.startsWith(`reloadctl-${pid}-`));

/** A folder of tracefs is seen before its files are. */
function isTracing(instance: string | undefined): boolean {
  const file = join(INSTANCES, instance ?? 'none', 'tracing_on');
  return existsSync(file) && readFileSync(file, 'latin1') === '1\n';
}

describeNeeds(['root', 'unshare', 'tracefs'], 'tracefs', () => {
  it.each([['SIGINT', 130], ['SIGKILL', null]] as const)('has no instance of ours any more when we get %s, nor of others that are gone', async (name, code) => {
    const target = await startChild(PYTHON, ['-S', '-E', '-c', COUNTS]);
    const pid = Number(await target.nextLine());
    const stale = join(INSTANCES, 'reloadctl-4194304-1');
    mkdirSync(stale);
    const ours = spawn(process.execPath, [ENTRY, 'strace', '-p', String(pid), '--engine', 'tracefs', '--for', '60s'], { stdio: 'ignore', env: plainEnv() });
    const ended = new Promise((resolve) => ours.on('close', resolve));
    const instance = (): string | undefined => instanceOf(ours.pid!)[0];
    await until(() => isTracing(instance()), { what: 'tracing on', deadlineMs: 10_000 });
    expect(readdirSync(INSTANCES)).not.toContain('reloadctl-4194304-1');
    ours.kill(name);
    expect(await ended).toBe(code);
    await until(() => instance() === undefined, { what: 'the instance removed', deadlineMs: 10_000 });
    await runsOn(pid);
    await target.stop('SIGKILL');
  });

  it('is mounted for the recording where it is agreed to, and unmounted after', async () => {
    const sees = 'grep -c " /sys/kernel/tracing " /proc/self/mounts';
    const shell = `umount -a -t tracefs; ${sees}; sleep 60 & "$1" "$2" strace -p $! --engine tracefs --for 200ms --yes --json >&2; echo $?; ${sees}; kill $!`;
    const shown = await startChild('unshare', ['-m', 'sh', '-c', shell, 'sh', process.execPath, ENTRY]);
    expect((await all(shown)).trim().split('\n')).toEqual(['0', '0', '0']);
    const refused = await startChild('unshare', ['-m', 'sh', '-c', 'umount -a -t tracefs; "$1" "$2" strace -p $$ --engine tracefs 2>&1; echo $?', 'sh', process.execPath, ENTRY]);
    expect(await all(refused)).toMatch(/not mounted.*mount -t tracefs[\s\S]*\n3\n$/);
  });
});

describeNeeds(['strace', 'root', 'setpriv'], 'what cannot be recorded', () => {
  it('is refused with the way out, and nothing is done', async () => {
    const run = (args: string[], options: Parameters<typeof reloadctl>[1] = {}) => reloadctl(['strace', ...args], options);
    const stranger = await startChild('sleep', ['60']);
    const pid = String(stranger.pid);
    expect(await run(['-p', pid], { uid: 65_534 })).toMatchObject({ code: 3, stderr: expect.stringMatching(/CAP_SYS_PTRACE[\s\S]*tracefs.* needs root/) });
    expect(await run(['-p', pid, '--engine', 'tracefs'], { uid: 65_534 })).toMatchObject({ code: 3, stderr: expect.stringContaining('needs root') });
    expect(await run(['-p', pid, '--engine', 'strace'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') });
    expect(await run(['-p', '2', '--yes'])).toMatchObject({ code: 3, stderr: expect.stringContaining('thread of the kernel') });
    expect(await run(['-p', '4194304', '--yes'])).toMatchObject({ code: 3, stderr: expect.stringContaining('no such process') });
    expect((await run(['-p', pid, '--for', '0'])).code).toBe(2);
    expect((await run(['-p', pid, '--', 'true'])).code).toBe(2);
    expect((await run(['--for', '5s', 'some.log'])).code).toBe(2);
    expect((await run(['--'])).code).toBe(2);
    expect((await run([])).code).toBe(2);
    const tracer = await startChild('strace', ['-o', '/dev/null', '-p', pid]);
    await until(() => tracerOf(stranger.pid) !== 0, { what: 'another strace' });
    expect(await run(['-p', pid, '--engine', 'strace', '--yes'])).toMatchObject({ code: 3, stderr: expect.stringMatching(/traced by strace/) });
    await tracer.stop('SIGINT');
    const empty = ownFolder('path');
    expect(await run(['-p', pid, '--engine', 'strace', '--yes'], { env: { PATH: empty } })).toMatchObject({ code: 3, stderr: expect.stringContaining('not installed') });
    expect(await run(['-p', pid, '--dry-run', '--engine', 'strace'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^setpriv --pdeathsig INT -- strace .* -p \d+\n/) });
    expect(tracerOf(stranger.pid)).toBe(0);
    await stranger.stop('SIGKILL');
  });

  it('is a report for scripts, too', async () => {
    const { code, stdout } = await reloadctl(['strace', '-p', '4194304', '--yes', '--json']);
    expect([code, JSON.parse(stdout)]).toMatchObject([3, { verdict: 'inconclusive', coverage: [{ source: 'target', detail: expect.stringContaining('no such process') }], data: { lines: 0, sites: [] } }]);
  });

  it('but a process can whose first thread has ended', async () => {
    const headless = await startChild(PYTHON, ['-S', '-E', '-c', HEADLESS]);
    const pid = Number(await headless.nextLine());
    await until(() => statusOf(pid, 'State') === 'Z', { what: 'the end of its first thread' });
    await Promise.all(['strace', 'tracefs'].map(async (engine) => {
      const { code, stdout } = await reloadctl(['strace', '-p', String(pid), '--engine', engine, '--for', '700ms', '--yes', '--json']);
      const { data } = JSON.parse(stdout) as { data: { repairs: number; sites: { opened: number; open: number }[]; recording: object } };
      expect([code, data.repairs, data.recording]).toMatchObject([0, 0, { engine, stopped: 'time' }]);
      const opened = data.sites.reduce((sum, site) => sum + site.opened, 0);
      expect(opened).toBeGreaterThan(20);
      expect(data.sites.reduce((sum, site) => sum + site.open, 0)).toBeLessThan(2);
    }));
    await headless.stop('SIGKILL');
  });

  it('but one in a pid namespace of its own can, by its number here, and so can its children', async () => {
    const loop = await startChild('unshare', ['-pf', '--mount-proc', 'sh', '-c', 'while :; do /bin/true; sleep 0.1; done']);
    await until(() => childrenOf(loop.pid).length > 0, { what: 'the namespace' });
    const [pid] = childrenOf(loop.pid);
    await Promise.all(['strace', 'tracefs'].map(async (engine) => {
      const { stdout, stderr } = await reloadctl(['strace', '-p', String(pid), '--engine', engine, '--for', '700ms', '--yes', '--json', '--tables']);
      const { data } = JSON.parse(stdout) as { data: { repairs: number; processes: { pid: number; parent: number | null; ended: string }[] } };
      expect(data.repairs, stderr).toBe(0);
      const children = data.processes.filter((one) => one.pid !== pid);
      expect(children.length).toBeGreaterThan(1);
      // Who was being forked when it began has its parent's call before it.
      const unknown = children.filter(({ parent }) => parent === null);
      expect(unknown.length).toBeLessThan(2);
      for (const { parent } of children) expect([pid, null]).toContain(parent);
      expect(data.processes.filter(({ ended }) => ended === 'alive').length).toBeLessThan(4);
    }));
    process.kill(pid!, 'SIGKILL');
    await loop.stop('SIGKILL');
  });

  it('ends with the process, which is told', async () => {
    await Promise.all(['strace', 'tracefs'].map(async (engine) => {
      const target = await startChild(PYTHON, ['-S', '-E', '-c', COUNTS]);
      const pid = Number(await target.nextLine());
      const folder = ownFolder('gone');
      const recording = reloadctl(['strace', '-p', String(pid), '--engine', engine, '--for', '60s', '--yes', '--json', '--keep', join(folder, 'raw')]);
      await until(() => readdirSync(folder).length > 0 && statSync(join(folder, 'raw')).size > 500, { what: 'a recording', deadlineMs: 10_000 });
      await target.stop('SIGKILL');
      expect(JSON.parse((await recording).stdout)).toMatchObject({ data: { recording: { engine, stopped: 'ended', left: [] } } });
    }));
  });
});

interface FullDiskReport {
  data: { lines: number; recording: { stopped: string } };
  coverage: { source: string; detail?: string }[];
}

/** A recording that nobody else's disk pays for. @param args of strace; DISK stands for the folder of that disk */
async function onSmallDisk(size: string, folderOfLog: string, args: string[]): Promise<{ report: FullDiskReport; stderr: string }> {
  const disk = ownFolder('full');
  const shell = 'mount -t tmpfs -o size="$1" tmpfs "$2" && export TMPDIR="$3" && shift 3 && exec "$@"';
  const [tmp = '', ...words] = [folderOfLog, process.execPath, ENTRY, 'strace', '--json', ...args].map((word) => word.replaceAll('DISK', disk));
  const ours = await startChild('unshare', ['-m', 'sh', '-c', shell, 'sh', size, disk, tmp, ...words]);
  const text = await all(ours);
  return { report: JSON.parse(text) as FullDiskReport, stderr: ours.stderr() };
}

const OPENS = 'import os\nfor i in range(2000): os.close(os.open("/etc/hostname", os.O_RDONLY))';
/** Until what was taken ahead of the log is taken; then all the rest. */
const FILLS = 'import os, time\nwhile os.statvfs("DISK").f_bfree > 3800: time.sleep(0.01)\ntry:\n  with open("DISK/fill", "wb", 0) as f:\n    while True: f.write(b"x" * 4096)\nexcept OSError: pass\n';

describeNeeds(['strace', 'root', 'unshare'], 'a full disk', () => {
  it('ends the recording by strace -p, and is told', async () => {
    const target = await startChild(PYTHON, ['-S', '-E', '-c', COUNTS]);
    const { report } = await onSmallDisk('16k', 'DISK', ['-p', await target.nextLine(), '--engine', 'strace', '--yes', '--for', '30s']);
    expect(report.data.recording.stopped).toBe('size');
    expect(report.coverage.map(({ detail }) => detail)).toContainEqual(expect.stringContaining('No space left on device'));
    await runsOn(target.pid);
    await target.stop('SIGKILL');
  });

  it('ends what is kept of the log of a command, and not the recording', async () => {
    const { report, stderr } = await onSmallDisk('16k', '/tmp', ['--keep', 'DISK/log', '--', PYTHON, '-S', '-E', '-c', OPENS]);
    expect(report.data.lines).toBeGreaterThan(4000);
    expect(report.coverage).toContainEqual(expect.objectContaining({ source: '--keep', detail: expect.stringContaining('ENOSPC') }));
    expect(stderr).not.toContain('No space left');
  });

  it('that others fill reaches neither the log of a command nor what it says', async () => {
    const { report, stderr } = await onSmallDisk('46m', 'DISK', ['--', PYTHON, '-S', '-E', '-c', FILLS + OPENS]);
    expect(report.coverage.filter(({ source, detail }) => source === 'recording' && detail !== undefined)).toEqual([]);
    expect(report.data.lines).toBeGreaterThan(4000);
    expect(stderr).not.toContain('No space left');
  });

  it('without any room leaves memory for the log of a command', async () => {
    const { report, stderr } = await onSmallDisk('16k', 'DISK', ['--', PYTHON, '-S', '-E', '-c', OPENS]);
    expect(report.coverage.filter(({ source, detail }) => source === 'recording' && detail !== undefined)).toEqual([]);
    expect(report.data.lines).toBeGreaterThan(4000);
    expect(stderr).not.toContain('No space left');
  });
});

async function all(child: Child): Promise<string> {
  let text = '';
  for (;;) {
    const line = await child.nextLine().catch(() => undefined);
    if (line === undefined) return text;
    text += `${line}\n`;
  }
}

describeNeeds(['strace', 'script'], 'strace -- COMMAND', () => {
  it('ends its command when we are killed', async () => {
    const folder = ownFolder('child');
    const ours = spawn(process.execPath, [ENTRY, 'strace', '--', 'sh', '-c', 'trap "" TERM; echo $$; while :; do sleep 1; done'], { stdio: ['ignore', 'pipe', 'ignore'], env: plainEnv({ TMPDIR: folder }) });
    let text = '';
    ours.stdout.setEncoding('utf8').on('data', (more: string) => (text += more));
    await until(() => text.includes('\n'), { what: 'the command', deadlineMs: 10_000 });
    const pid = Number(text.trim());
    const tracer = tracerOf(pid);
    ours.kill('SIGKILL');
    await until(() => ![pid, tracer].some(isAlive) && readdirSync(folder).length === 0, { what: 'nothing left', deadlineMs: 10_000 });
  });

  it('ends its command when strace is killed, whose calls would fail then, and says so', async () => {
    const file = join(ownFolder('orphan'), 'pid');
    const running = reloadctl(['strace', '--json', '--', 'sh', '-c', `while :; do echo $$ >> ${file}; sleep 0.05; done`]);
    // By then reloadctl has seen it.
    await until(() => existsSync(file) && readFileSync(file, 'utf8').split('\n').length > 20, { what: 'the command', deadlineMs: 15_000 });
    const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
    process.kill(tracerOf(pid), 'SIGKILL');
    const { code, stdout } = await running;
    expect(code).toBe(137);
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'inconclusive', coverage: expect.arrayContaining([expect.objectContaining({ source: 'recording', status: 'partial', needed: true })]) as unknown });
    expect(isAlive(pid)).toBe(false);
  });

  it.each(['strace', 'assert'])('%s ends with all it started when its terminal closes, of whose session it is the first process', async (name) => {
    const terminal = await startChild(PYTHON, ['-S', '-E', '-c', CLOSES, process.execPath, ENTRY, name, '--', 'sh', '-c', 'sleep 83 & echo pids $$ $!; wait; true']);
    const [, shell, sleep] = (await terminal.nextLine()).split(' ').map(Number);
    expect(await terminal.nextLine()).toMatch(/^(?:exit \d+|killed 1)$/);
    await until(() => ![shell!, sleep!].some(isAlive), { what: 'nothing left', deadlineMs: 10_000 });
    await terminal.stop();
  });

  it('hands on what is sent to us, and Ctrl-C only once: whoever handles it decides', async () => {
    const sent = spawn(process.execPath, [ENTRY, 'strace', '-q', '--', 'sh', '-c', 'trap "exit 5" TERM; echo ready; while :; do sleep 0.1; done'], { stdio: ['ignore', 'pipe', 'ignore'], env: plainEnv() });
    let text = '';
    sent.stdout.setEncoding('utf8').on('data', (more: string) => (text += more));
    await until(() => text.includes('ready'), { what: 'the command', deadlineMs: 10_000 });
    const ended = new Promise((resolve) => sent.on('close', resolve));
    sent.kill('SIGTERM');
    expect(await ended).toBe(5);
    // The shell of `script`, whichever it is, gets the Ctrl-C too.
    const command = `trap : INT; ${process.execPath} ${ENTRY} strace -q -- sh -c 'trap "n=\\$((n+1))" INT; echo ready; while [ -z "$n" ]; do sleep 0.05; done; sleep 0.3; echo "got $n"; exit 6'; echo "code $?"`;
    const typed = await startChild('script', ['-qec', command.replaceAll('\\$', '$'), '/dev/null']);
    expect((await typed.nextLine()).trim()).toBe('ready');
    typed.say('\x03');
    const rest = await all(typed);
    expect(rest).toContain('got 1\r\n');
    expect(rest).toContain('code 6\r\n');
  });

  it('leaves the descriptors open that were meant for it', async () => {
    const folder = ownFolder('handed-on');
    const run = async (engine: string): Promise<string> => all(await startChild('sh', ['-c', `exec "$@" 3</etc/hostname 5>${join(folder, engine)} 9</etc/hostname`, 'sh', process.execPath, ENTRY, 'strace', '-q', '--engine', engine, '--', PYTHON, '-S', '-E', '-c', 'import os; os.write(5, b"five"); print(len(os.read(3, 99)), len(os.read(9, 99)), os.listdir("/proc/self/fd"))']));
    const size = statSync('/etc/hostname').size;
    for (const engine of need('root', 'tracefs') ? ['strace', 'tracefs'] : ['strace']) {
      const said = await run(engine);
      expect(said).toContain(`${size} ${size} `);
      // Beside those, and the list itself, nothing of ours.
      const open = [...said.matchAll(/'(\d+)'/g)].map(([, fd]) => Number(fd)).filter((fd) => fd < 16);
      expect(open.filter((fd) => ![0, 1, 2, 3, 5, 9].includes(fd))).toHaveLength(1);
      expect(readFileSync(join(folder, engine), 'latin1')).toBe('five');
    }
  });

  it('passes code, signal, input and output on', async () => {
    const run = (command: string[], options: Parameters<typeof reloadctl>[1] = {}) => reloadctl(['strace', '-q', '--', ...command], options);
    expect(await run(['cat'], { input: 'hello\n' })).toMatchObject({ code: 0, stdout: expect.stringMatching(/^hello\n/) });
    expect((await run(['sh', '-c', 'exit 7'])).code).toBe(7);
    expect((await run(['sh', '-c', 'kill -USR1 $$'])).code).toBe(138);
    expect(await run(['/nonexistent/command'])).toMatchObject({ code: 127, stdout: '' });
    expect(await run(['/etc/hostname'])).toMatchObject({ code: 126, stdout: '' });
    expect((await reloadctl(['strace', '--exit-code', 'tool', '--', 'sh', '-c', 'exit 7'])).code).toBe(0);
    const json = await reloadctl(['strace', '--json', '--', 'sh', '-c', 'echo words; exit 3']);
    expect(json).toMatchObject({ code: 3, stderr: expect.stringContaining('words\n') });
    expect(JSON.parse(json.stdout)).toMatchObject({ verdict: 'pass', data: { recording: { engine: 'strace', commandExit: 3 } } });
  });
});
