/** `record --when`: a tape when the condition comes true, the oldest go, and whoever comes after is watched, too. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import type { Report } from '../../src/report/index.ts';
import { compileSchema } from '../schema/support.ts';
import { type Child, plainEnv, startChild } from './support/child.ts';
import { endGroups, moveTo, needGroups } from './support/cgroups.ts';
import { describeNeeds, need } from './support/need.ts';
import { ownFolder, PYTHON, reloadctl } from './support/program.ts';
import { until } from './support/until.ts';

const BINARY = fileURLToPath(new URL('../../bin/reloadctl.js', import.meta.url));
/** Opens so many as it is told, with a limit of 100; closes all for 0. */
const HOLDER = `
import os, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (100, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
held = []
print('ready', flush=True)
for line in sys.stdin:
    for fd in held: os.close(fd)
    held = [os.open('/dev/null', os.O_RDONLY) for _ in range(int(line))]
    print(len(held), flush=True)
`;

interface WhenData {
  file: string;
  bytes: number;
  redacted: boolean;
  when: { condition: string; samples: number; failed: number; watchedMs: number; ownCpuMs: number; bundles: { file: string; pid: number; values: Record<string, number> }[] };
}

async function startHolder(): Promise<Child> {
  const child = await startChild(PYTHON, ['-c', HOLDER]);
  await child.nextLine();
  return child;
}

async function hold(child: Child, count: number): Promise<void> {
  child.say(String(count));
  expect(await child.nextLine()).toBe(String(count));
}

interface Watching {
  stderr(): string;
  /** Ends it by this signal; what it said. */
  end(signal?: NodeJS.Signals): Promise<{ code: number | null; report: Report<WhenData> }>;
}

function startWatch(target: string, folder: string, ...more: string[]): Watching {
  return startCommand(['record', target, '--when', 'fds/soft > 0.8', '-o', folder, '--every', '100ms', '--pause', '100ms', '--json', ...more]);
}

function startCommand(args: string[]): Watching {
  const child = spawn(process.execPath, [BINARY, ...args], { env: plainEnv(), stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
  return {
    stderr: () => stderr,
    end: async (signal) => {
      if (signal) child.kill(signal);
      const code = await closed;
      return { code, report: JSON.parse(stdout) as Report<WhenData> };
    },
  };
}

const tapesIn = (folder: string): string[] => readdirSync(folder).filter((name) => name.endsWith('.rctl'));

/** A tape of a small process takes a second; where many others run and hold much, half a minute. */
const PATIENCE = { timeout: 240_000 };

describeNeeds(['python3'], 'record --when', () => {
  it('makes a tape each time it comes true, keeps the newest, and follows the name to the next process', PATIENCE, async () => {
    const folder = join(ownFolder('when'), 'made/by/it');
    const pidFile = join(ownFolder('pid'), 'app.pid');
    const first = await startHolder();
    writeFileSync(pidFile, `${first.pid}\n`);
    const watch = startWatch(pidFile, folder, '--keep', '2');
    await until(() => watch.stderr().includes('watching'), { what: 'it to begin', deadlineMs: 90_000 });
    expect([tapesIn(folder), statSync(folder).mode & 0o777]).toEqual([[], 0o700]);
    const seen = new Set<string>();
    const nextTape = async (): Promise<string> => {
      const name = await until(() => tapesIn(folder).find((one) => !seen.has(one)), { what: `a tape\n${watch.stderr()}`, deadlineMs: 90_000 });
      seen.add(name);
      return join(folder, name);
    };
    await hold(first, 85);
    const tape = await nextTape();
    const { stdout } = await reloadctl(['fds', '--from', tape, '--json']);
    const taped = JSON.parse(stdout) as Report<{ open: number; limit: { soft: number } }>;
    expect([taped.target?.pids, taped.data.open > 80, taped.data.limit.soft, taped.findings[0]?.id]).toEqual([[first.pid], true, 100, 'fd/near-limit']);
    expect(statSync(tape).mode & 0o777).toBe(0o600);
    // It goes on to be true: no other one. Once it was false it counts anew.
    await hold(first, 0);
    await until(() => readdirSync(`/proc/${first.pid}/fd`).length < 20, { what: 'them to be closed' });
    const samples = async (): Promise<void> => void (await new Promise((resolve) => setTimeout(resolve, 500)));
    await samples();
    expect(tapesIn(folder)).toHaveLength(1);
    await hold(first, 90);
    await nextTape();
    // A restart.
    await first.stop();
    await until(() => watch.stderr().includes('waiting for'), { what: 'it to miss it', deadlineMs: 90_000 });
    const second = await startHolder();
    writeFileSync(pidFile, `${second.pid}\n`);
    await hold(second, 95);
    const third = await nextTape();
    await until(() => tapesIn(folder).length === 2, { what: 'the oldest to go' });
    const { code, report } = await watch.end('SIGTERM');
    const validate = compileSchema();
    validate(report);
    expect(validate.errors).toBeNull();
    expect([code, report.verdict, report.data.when.bundles.map(({ pid }) => pid), report.data.when.bundles.at(-1)!.file, report.data.redacted]).toEqual([143, 'pass', [first.pid, second.pid], third, true]);
    expect(report.data.when.bundles[0]!.values).toMatchObject({ soft: 100 });
    expect(JSON.stringify(tapesIn(folder).map((name) => readFileSync(join(folder, name), 'latin1')))).not.toContain('import resource');
    await second.stop();
  });

  it('ends with the one process that is meant: exit 3, and what is kept stays; what is larger than all room is not kept', PATIENCE, async () => {
    const folder = ownFolder('when');
    const holder = await startHolder();
    await hold(holder, 90);
    writeFileSync(join(folder, 'notes.txt'), 'of somebody else');
    const watch = startWatch(String(holder.pid), folder, '--max', '1kB', '--full');
    await until(() => /larger than --max/.test(watch.stderr()), { what: 'a tape', deadlineMs: 90_000 });
    await holder.stop();
    const { code, report } = await watch.end();
    expect([code, report.verdict, report.data.when.bundles, readdirSync(folder)]).toEqual([3, 'inconclusive', [], ['notes.txt']]);
    expect(report.coverage.find(({ status }) => status === 'absent')?.detail).toMatch(/has ended/);
  });

  it.skipIf(!need('root'))('where the disk is full it says so and goes on', PATIENCE, async () => {
    const folder = join(ownFolder('when'), 'small');
    mkdirSync(folder);
    const holder = await startHolder();
    await hold(holder, 90);
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8k', 'none', folder]).status).toBe(0);
    try {
      const watch = startWatch(String(holder.pid), folder);
      await until(() => /no tape: .*no space left/i.test(watch.stderr()), { what: 'it to be full', deadlineMs: 90_000 });
      expect(tapesIn(folder)).toEqual([]);
      const { code, report } = await watch.end('SIGINT');
      // Nothing half is left.
      expect(readdirSync(folder)).toEqual([]);
      expect([code, report.coverage.find(({ source }) => source === 'tapes')?.status]).toEqual([130, 'partial']);
    } finally {
      spawnSync('umount', [folder]);
      await holder.stop();
    }
  });

  it.each([
    [['1', '--when', 'fds/sofd > 0.8', '-o', 'x'], /--when:5: nothing is called sofd, did you mean soft\?[\s\S]*\n {8}\^/],
    [['1', '--when', 'fds > 1'], /needs a folder/],
    [['1', '--when', 'fds > 1', '-o', '-'], /-o is a folder/],
    [['1', '--when', 'fds > 1', '-o', '/dev/null/x'], /\/dev\/null\/x: is not a folder/],
    [['1', '--when', 'fds > 1', '-o', 'x', '--watch', '3s'], /--watch does not go with --when/],
    [['1', '--keep', '3', '-o', 'x'], /--keep needs --when/],
    [['1', '--when', 'fds > 1', '-o', 'x', '--keep', '0'], /--keep 0/],
    [['1', '--when', 'fds > 1', '-o', 'x', '--max', 'lots'], /--max: lots is not a size/],
    [['--when', 'fds > 1', '-o', 'x'], /needs a target/],
  ])('%j is refused: exit 2', async (args, message) => {
    const { code, stderr } = await reloadctl(['record', ...args]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
  });
});

const UNIT = readFileSync(fileURLToPath(new URL('../../deploy/systemd/reloadctl-record@.service', import.meta.url)), 'utf8');
const NAME = `reloadctl-${process.pid}`;

/** What the unit runs for NAME, its tapes in `folder`. */
function commandOf(folder: string): string[] {
  const set = new Map([...UNIT.matchAll(/^Environment="?(\w+)=([^"\n]+)"?$/gm)].map(([, name, value]) => [name!, value!]));
  const words = /^ExecStart=(.*)$/m.exec(UNIT)![1]!.replaceAll('%i', NAME).split(' ');
  return words.slice(1).map((word) => word.replace(`/var/lib/reloadctl/${NAME}`, folder).replace(/^\$\{(\w+)\}$/, (_all, name: string) => set.get(name)!));
}

describeNeeds(['python3', 'root'], 'what the unit runs', () => {
  const usable = needGroups();

  afterEach(endGroups);

  it.skipIf(!usable)('follows the unit from one run of the service to the next', PATIENCE, async () => {
    const folder = ownFolder('unit-tapes');
    const path = `system.slice/${NAME}.service`;
    const first = await startHolder();
    moveTo(path, first.pid);
    const watch = startCommand([...commandOf(folder), '--every', '100ms', '--pause', '100ms', '--json']);
    await until(() => watch.stderr().includes(`watching unit:${NAME}.service`), { what: 'it to begin', deadlineMs: 90_000 });
    await hold(first, 90);
    await until(() => tapesIn(folder).length === 1, { what: 'a tape', deadlineMs: 90_000 });
    await first.stop();
    await until(() => watch.stderr().includes('waiting for'), { what: 'it to miss it', deadlineMs: 90_000 });
    const second = await startHolder();
    moveTo(path, second.pid);
    await hold(second, 95);
    await until(() => tapesIn(folder).length === 2, { what: `a tape of the next\n${watch.stderr()}`, deadlineMs: 90_000 });
    const { code, report } = await watch.end('SIGTERM');
    expect([code, report.data.when.bundles.map(({ pid }) => pid), report.target?.spec]).toEqual([143, [first.pid, second.pid], `unit:${NAME}.service`]);
    const { stdout } = await reloadctl(['report', '--from', join(folder, tapesIn(folder)[0]!), '--json']);
    expect((JSON.parse(stdout) as Report).findings[0]?.id).toBe('fd/near-limit');
    await second.stop();
  });
});

describeNeeds(['systemd-analyze'], 'the unit that records', () => {
  it('is one that systemd reads', () => {
    const folder = ownFolder('unit');
    // What it starts and its manual need not be installed here.
    const file = join(folder, 'reloadctl-record@nginx.service');
    writeFileSync(file, UNIT.replace('ExecStart=/usr/local/bin/reloadctl', 'ExecStart=/bin/true').replace(/^Documentation=.*\n/m, ''));
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' });
    expect(`${stdout}${stderr}`.split('\n').filter((line) => line.includes('reloadctl-record'))).toEqual([]);
    expect(status).toBe(0);
  });
});
