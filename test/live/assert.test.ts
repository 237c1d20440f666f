/** Commands that leak and commands that do not: what the run says, and what it leaves to the command. */
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import type { AssertData } from '../../src/assert/data.ts';
import type { Report } from '../../src/report/types.ts';
import { isAlive } from './support/kernel.ts';
import { describeNeeds, need } from './support/need.ts';
import { ownFolder, PYTHON, reloadctl } from './support/program.ts';
import { until } from './support/until.ts';

const folder = ownFolder('assert');
const OPENS = 'import os, sys\nfor i in range(int(sys.argv[1])): os.open(f"{sys.argv[2]}/part-{i}.tmp", os.O_CREAT | os.O_RDWR)\n';
const FORKS = 'import os, sys\nif os.fork() == 0:\n  [os.open("/etc/hostname", os.O_RDONLY) for _ in range(9)]\n  os._exit(0)\nos.wait()\n';

function script(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const opens = script('opens.py', OPENS);
const tracerOf = (pid: number): number => Number(/^TracerPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))![1]);
const py = (path: string, ...args: string[]): string[] => [PYTHON, '-S', '-E', path, ...args];

async function asserted(command: string[], options: string[] = [], env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await reloadctl(['assert', '--json', ...options, '--', ...command], { timeoutMs: 30_000, env });
  expect(stdout, stderr).toMatch(/^\{/);
  const report = JSON.parse(stdout) as Report<AssertData>;
  return { code, report, stderr, loud: report.findings.filter(({ severity }) => severity !== 'info').map(({ id, title }) => `${id}: ${title}`) };
}

describeNeeds(['strace', 'cc'], 'assert', () => {
  it.concurrent('goes red for 23 files that were never closed, and names them', async () => {
    const { code, report, loud } = await asserted(py(opens, '23', folder));
    expect(code).toBe(1);
    expect(loud).toEqual([expect.stringMatching(/^fd\/open-at-exit: python3\S* \(pid \d+\) ended with 23 descriptors open that it never closed: .*part-\*\.tmp$/)]);
    expect(report.data).toMatchObject({ commandExit: 0, leaks: [{ id: 'fd/open-at-exit' }], processes: { held: 1, missed: 0 } });
  });

  it.concurrent('stays green for what programs leave to the kernel, and says what it saw', async () => {
    const { code, report, loud } = await asserted(py(opens, '1', folder));
    expect({ code, loud }).toEqual({ code: 0, loud: [] });
    expect(report.findings).toMatchObject([{ id: 'fd/open-at-exit', severity: 'info' }]);
    expect(report.coverage).toMatchObject([{ source: 'exits', status: 'ok', seen: 1, total: 1 }]);
  });

  it.concurrent('sees grandchildren, and does not count what they inherit', async () => {
    const { code, report } = await asserted(py(script('forks.py', FORKS)));
    expect(code).toBe(1);
    expect(report.data.leaks).toHaveLength(1);
    expect(report.data.processes.held).toBe(2);
    const inherits = script('inherits.py', 'import os\nfds = [os.open("/etc/hostname", os.O_RDONLY) for _ in range(9)]\nif os.fork() == 0: os._exit(0)\nos.wait()\n[os.close(fd) for fd in fds]\n');
    expect(await asserted(py(inherits))).toMatchObject({ code: 0, loud: [] });
  });

  it.concurrent('reads a process whose first thread has ended, and what is named on its command line', async () => {
    const threads = script('threads.py', 'import ctypes, os, sys, threading, time\ndef work():\n  while open("/proc/self/stat").read().rsplit(")", 1)[1].split()[0] != "Z": time.sleep(0.01)\n  for _ in range(23): os.open(sys.argv[1], os.O_RDONLY)\n  os._exit(0)\nthreading.Thread(target=work).start()\nctypes.CDLL(None).syscall(93 if os.uname().machine == "aarch64" else 60, 0)\n');
    const { code, report, loud } = await asserted(py(threads, '/etc/passwd'));
    expect({ code, loud }).toEqual({ code: 1, loud: [expect.stringMatching(/ended with 23 descriptors open that it never closed: \/etc\/passwd$/)] });
    expect(report.data.processes).toMatchObject({ held: 1, missed: 0 });
  });

  it.concurrent('does not count the script that a shell reads', async () => {
    const strict = script('no-files.yaml', 'assert: {budgets: {file: 0}}\n');
    const shell = script('script.sh', '#!/bin/sh\ncd /\ntrue\n');
    chmodSync(shell, 0o755);
    const { code, stderr } = await reloadctl(['assert', '--policy', strict, '--', './script.sh'], { cwd: folder });
    expect(code, stderr).toBe(0);
  });

  it.concurrent('ends the command when strace is killed, and says so', async () => {
    const loop = script('loop.sh', 'while :; do echo $$ >> "$1"; sleep 0.05; done\n');
    for (const options of [[], ['--strace']]) {
      const named = join(folder, `loop-${options.length}`);
      const running = asserted(['sh', loop, named], options);
      // By then reloadctl has seen it.
      await until(() => existsSync(named) && readFileSync(named, 'utf8').split('\n').length > 20, { what: 'the command', deadlineMs: 15_000 });
      const pid = Number(readFileSync(named, 'utf8').split('\n')[0]);
      process.kill(tracerOf(pid), 'SIGKILL');
      const { code, report } = await running;
      expect(code).toBe(137);
      expect(report.verdict).toBe('inconclusive');
      expect(report.coverage).toContainEqual(expect.objectContaining({ needed: true, detail: expect.stringContaining('strace was killed') as unknown }));
      expect(isAlive(pid)).toBe(false);
    }
  });

  it.skipIf(!need('root'))('of another user tells which program ran without the rights of its file; folders of others in PATH are no matter', async () => {
    const own = ownFolder('rights');
    const closed = join(own, 'closed');
    mkdirSync(closed, 0o700);
    const becomes = join(own, 'becomes');
    copyFileSync('/bin/true', becomes);
    chmodSync(becomes, 0o4755);
    const shell = join(own, 'calls.sh');
    writeFileSync(shell, `#!/bin/sh\n${becomes}\n`);
    chmodSync(shell, 0o755);
    const { code, stdout, stderr } = await reloadctl(['assert', '--json', '--', shell], { uid: 65534, env: { PATH: `${closed}:${process.env.PATH}` } });
    expect(code, stderr).toBe(0);
    expect((JSON.parse(stdout) as Report<AssertData>).coverage).toContainEqual(expect.objectContaining({ source: 'rights', status: 'partial', detail: expect.stringContaining(becomes) as unknown }));
  });

  it.concurrent('names the code that opened, of a program in any language, with --strace', async () => {
    const opener = join(folder, 'opener');
    const source = join(folder, 'opener.c');
    writeFileSync(source, '#include <fcntl.h>\n#include <unistd.h>\n__attribute__((noinline)) int forgets(void) { return open("/etc/hostname", O_RDONLY); }\n__attribute__((noinline)) int closes(void) { return close(open("/etc/passwd", O_RDONLY)); }\nint main(int count, char **words) { for (int i = 0; i < 23; i++) { if (count > 1) forgets(); closes(); } return 0; }\n');
    expect(spawnSync('cc', ['-O0', '-o', opener, source]).status).toBe(0);
    const { code, report, loud } = await asserted([opener, 'leak'], ['--strace']);
    expect({ code, loud }).toEqual({ code: 1, loud: [expect.stringMatching(/^fd\/open-at-exit: opener \(pid \d+\) ended with 23 descriptors open that forgets \(.*opener\) opened: 23 opened, 0 closed$/)] });
    expect(report.data.leaks).toMatchObject([{ id: 'fd/open-at-exit', site: expect.stringMatching(/^forgets/) as unknown }]);
    expect(await asserted([opener], ['--strace'])).toMatchObject({ code: 0, loud: [] });
    const left = await asserted(['sh', '-c', 'sleep 63 & exit 0'], ['--strace', '--grace', '100ms']);
    expect(left.loud).toEqual([expect.stringMatching(/^process\/left-behind: sleep/)]);
    const hung = await asserted(['sh', '-c', 'sleep 64; true'], ['--strace', '--timeout', '300ms']);
    expect(hung.loud).toEqual([expect.stringMatching(/^process\/timeout: /)]);
  });

  it.concurrent('counts watches at exits where a policy says how many may be', async () => {
    const watches = script('watches.mjs', "import fs from 'node:fs';\nfor (const name of ['/etc', '/usr', '/var', '/tmp', '/opt']) fs.watch(name);\nsetTimeout(() => process.exit(0), 50);\n");
    const policy = script('watches.yaml', 'assert: {budgets: {watch: 3}}\n');
    const { code, loud } = await asserted([process.execPath, watches], ['--inotify', '--policy', policy]);
    expect({ code, loud }).toEqual({ code: 1, loud: [expect.stringMatching(/5 .*watches of one inotify instance/)] });
    expect((await asserted([process.execPath, watches], ['--inotify'])).code).toBe(0);
  });

  it.concurrent('works without native calls', async () => {
    const { code, report } = await asserted(['sh', '-c', `${py(opens, '23', folder).join(' ')}; true; true`], [], { RELOADCTL_NO_NATIVE: '1' });
    // On a machine that is too busy one may be missed, which is said; never green.
    expect(code).toBe(report.data.processes.missed === 2 ? 3 : 1);
    expect(report.data.processes.held + report.data.processes.missed).toBe(2);
  });

  it.concurrent.each([
    ['its own code', ['sh', '-c', 'exit 7'], 7],
    ['a signal', ['sh', '-c', 'kill -TERM $$'], 143],
    ['not found', ['/nonexistent/command'], 127],
    ['not executable', ['/etc/hostname'], 126],
  ])('keeps what the command says: %s', async (_, command, expected) => {
    expect((await reloadctl(['assert', '--', ...command])).code).toBe(expected);
  });

  it.concurrent('is inconclusive where the command was killed, and tells it for ours', async () => {
    const { code, report } = await asserted(['sh', '-c', 'kill -KILL $$'], ['--exit-code', 'tool']);
    expect(code).toBe(3);
    expect(report.coverage).toContainEqual(expect.objectContaining({ source: 'exit of the command', status: 'absent', needed: true }));
    expect(report.data.commandExit).toBe(137);
  });

  it.concurrent('tells killed children, which is no gap', async () => {
    const { code, report } = await asserted(['sh', '-c', 'sleep 60 & kill $!; wait; exit 0']);
    expect(code).toBe(0);
    expect(report.data.processes).toMatchObject({ killedThreads: 1, left: 0 });
  });

  it.concurrent('names what is left behind, and ends it', async () => {
    const { code, report, loud } = await asserted(['sh', '-c', 'sleep 61 & exit 0'], ['--grace', '100ms']);
    expect(code).toBe(1);
    expect(loud).toEqual([expect.stringMatching(/^process\/left-behind: sleep \(pid \d+\) was left behind/)]);
    const pid = report.findings[0]!.subject.pid!;
    // Whose parent is slow to take it is a zombie for a while.
    expect(existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'latin1') : 'Z').toMatch(/Z/);
  });

  it.concurrent('ends what hangs, and says in what', async () => {
    const { code, loud } = await asserted(['sh', '-c', 'sleep 62; true'], ['--timeout', '300ms']);
    expect(code).toBe(1);
    expect(loud).toEqual([expect.stringMatching(/^process\/timeout: .*sleep \(pid \d+\) in clock_nanosleep/)]);
  });

  it.concurrent('passes input and output on, and leaves stdout to the report where that was asked for', async () => {
    const { code, stdout, stderr } = await reloadctl(['assert', '-q', '--', 'sh', '-c', 'read -r line; echo "got $line"'], { input: 'words\n' });
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'got words\nOK  nothing wrong found\n', stderr: '' });
    const json = await reloadctl(['assert', '--json', '--', 'echo', 'to stderr']);
    expect(json.stderr).toContain('to stderr');
  });

  it.concurrent('adds no descriptor to those of the command', async () => {
    const out = join(folder, 'fds.txt');
    const list = ['sh', '-c', `ls /proc/self/fd > ${out}`];
    await reloadctl(['assert', '--', ...list]);
    const held = readFileSync(out, 'utf8');
    spawnSync(list[0]!, list.slice(1), { stdio: ['pipe', 'pipe', 'pipe'] });
    expect(held).toBe(readFileSync(out, 'utf8'));
  });

  it.concurrent('goes by a policy: budgets, what is allowed, what is allowed no more', async () => {
    const policy = script('strict.yaml', 'version: 1\nassert:\n  budgets:\n    file: 0\n');
    const strict = await asserted(py(opens, '1', folder), ['--policy', policy]);
    expect(strict.code).toBe(1);
    const { fingerprint } = strict.report.findings[0]!;
    const allowing = (until: string) => script(`allow-${until}.yaml`, `assert:\n  budgets: {file: 0}\n  allow:\n    - {fingerprint: "${fingerprint}", reason: known, until: ${until}}\n`);
    expect(await asserted(py(opens, '1', folder), ['--policy', allowing('2999-01-01')])).toMatchObject({ code: 0, loud: [] });
    const over = await asserted(py(opens, '1', folder), ['--policy', allowing('2001-01-01')]);
    expect(over).toMatchObject({ code: 1, loud: [expect.stringContaining('which is over')] });
    expect(over.report.coverage).toContainEqual(expect.objectContaining({ source: `allow entry ${fingerprint}`, detail: 'expired after 2001-01-01 (known)' }));
  });

  it.concurrent('knows what a baseline holds, and nothing else', async () => {
    const baseline = join(folder, 'baseline.json');
    expect((await asserted(py(opens, '23', folder), ['--write-baseline', baseline])).code).toBe(1);
    expect(await asserted(py(opens, '29', folder), ['--baseline', baseline])).toMatchObject({ code: 0, loud: [] });
    expect((await asserted(py(script('forks2.py', FORKS)), ['--baseline', baseline])).code).toBe(1);
  });

  it.concurrent('sees a leak of its own first, with --self-test', async () => {
    const { code, report } = await asserted(['true'], ['--self-test']);
    expect(code).toBe(0);
    expect(report.coverage).toContainEqual({ source: 'self-test', status: 'ok', seen: 1, total: 1, needed: true });
  });

  it.concurrent.each([
    [['--policy', '/nonexistent.yaml'], /nonexistent\.yaml: /],
    [['--baseline', '/etc/hostname'], /\/etc\/hostname:1:1: /],
    [['--write-baseline', '/nonexistent/b.json'], /cannot be written/],
    [['--format', 'junit=/nonexistent/j.xml'], /cannot be written/],
    [['--timeout', 'soon'], /--timeout: soon is not a time/],
  ])('with bad input starts nothing: %j', async (options, message) => {
    const { code, stdout, stderr } = await reloadctl(['assert', ...options, '--', 'echo', 'started']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });

  it('tells as passed only what was looked for', async () => {
    const { stdout } = await reloadctl(['assert', '-q', '--format', 'tap', '--timeout', '20s', '--', 'true']);
    expect(stdout.split('\n').filter((line) => /^(?:not )?ok /.test(line))).toEqual(['ok 1 - fd/open-at-exit', 'ok 2 - process/left-behind', 'ok 3 - process/timeout']);
  });

  it('wants a command', async () => {
    expect((await reloadctl(['assert'])).code).toBe(2);
    expect((await reloadctl(['assert', '--'])).code).toBe(2);
  });
});
