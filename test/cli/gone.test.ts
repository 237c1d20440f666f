/** The target ends, or its pid is used again, while it is looked at: what was seen is told, exit 3, no trace. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startChild } from '../live/support/child.ts';
import { describeNeeds } from '../live/support/need.ts';
import { ownFolder, PYTHON, startFactory, startNode } from '../live/support/program.ts';
import { reportOf } from './support/look.ts';
import { BINARY, type Ended, manyDescriptors, startReloadctl, untilReading, untilSecondLook } from './support/start.ts';

const ENDS_BEFORE = join(import.meta.dirname, 'support/ends-before.cjs');

it('a process with very many descriptors is killed while it is read', { timeout: 120_000 }, async () => {
  const many = manyDescriptors(19_000);
  const target = await startNode('many-fds.mjs', [`count=${many}`]);
  // Near its limit it may have a finding: that would be told with exit 1.
  const started = startReloadctl(['fds', target.pid, '--json', '--fail-on', 'never']);
  await untilReading(started);
  process.kill(target.pid, 'SIGKILL');
  const ended = await started.ended;
  expect([ended.code, ended.stderr]).toEqual([3, '']);
  const report = reportOf({ ...ended, durationMs: 0, timedOut: false });
  expect(report.verdict).toBe('inconclusive');
  expect(report.data.open).toBeGreaterThanOrEqual(many);
  const line = { source: 'processes', status: 'absent', needed: true, detail: `process ${target.pid} ended while it was read` };
  expect(report.coverage).toContainEqual(expect.objectContaining(line));
  await target.stop();
});

/** Parts of all questions about the target: it ends before the first, and before some until the end. */
const MOMENTS = [0, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9];

describeNeeds(['python3'], 'ends at any moment', () => {
  /** Runs reloadctl on a target of its own, which ends before the Nth question about it. */
  async function endingBefore(nth: number): Promise<{ ended: Ended; asked: number }> {
    const { pid, stop } = await startFactory(['files=400', 'pipe=50', 'epoll-healthy=20']);
    const count = join(ownFolder('gone'), 'count');
    const env = { NODE_OPTIONS: `--require ${ENDS_BEFORE}`, ENDS_BEFORE: `${pid} ${nth}`, ENDS_COUNT: count };
    const ended = await startReloadctl(['fds', pid, '--json'], env).ended;
    await stop();
    return { ended, asked: Number(readFileSync(count, 'utf8')) };
  }

  it('never a trace, never a claim that all is well', { timeout: 120_000 }, async () => {
    const { ended: whole, asked } = await endingBefore(Number.MAX_SAFE_INTEGER);
    expect(whole.code).toBe(0);
    expect(asked).toBeGreaterThan(450);
    for (const moment of MOMENTS) {
      const { ended } = await endingBefore(1 + Math.floor(moment * asked));
      expect(ended.stderr).not.toMatch(/\n {4}at |bug in reloadctl/);
      const report = reportOf({ ...ended, durationMs: 0, timedOut: false });
      expect([ended.code, report.verdict], `at ${moment}`).toEqual([3, 'inconclusive']);
      expect(report.findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
    }
  });

  it('in the wait for the second look: what was seen is told', async () => {
    const { pid, stop } = await startFactory(['close-wait=23', 'files=9']);
    const started = startReloadctl(['fds', pid, '--json']);
    await untilSecondLook(started);
    process.kill(pid, 'SIGKILL');
    const ended = await started.ended;
    expect(ended.code).toBe(3);
    const report = reportOf({ ...ended, durationMs: 0, timedOut: false });
    expect(report.data.groups.find(({ key }) => key.startsWith('tcp CLOSE_WAIT'))?.count).toBe(23);
    expect(report.coverage).toContainEqual(expect.objectContaining({ detail: `process ${pid} ended while it was read` }));
    await stop();
  });
});

/**
 * Pid 1 of a pid namespace: starts a process with sockets in CLOSE_WAIT (so that reloadctl waits for a second look at them),
 * kills it in that wait, and has the next process get its pid.
 */
const REUSE = `
import json, os, signal, socket, subprocess, sys, time
node, binary = sys.argv[1:]

def target():
    listener = socket.create_server(('127.0.0.1', 0))
    for _ in range(23):
        kept = socket.create_connection(listener.getsockname())
        listener.accept()[0].close()
        kept.recv(1)
        os.dup(kept.detach())
    time.sleep(100)

def resting_at(pid):
    with open(f'/proc/{pid}/stat') as stat, open(f'/proc/{pid}/schedstat') as ran, open(f'/proc/{pid}/task/{pid}/children') as children:
        return ran.read().split()[0] if stat.read().split(') ')[1][0] == 'S' and not children.read() else None

def rests(pid):
    before = resting_at(pid)
    time.sleep(0.15)
    return before is not None and resting_at(pid) == before

def wait_for(what):
    deadline = time.monotonic() + 10
    while not what():
        if time.monotonic() > deadline:
            sys.exit('gave up waiting')
        time.sleep(0.001)

pid = os.fork()
if pid == 0:
    target()
wait_for(lambda: len(os.listdir(f'/proc/{pid}/fd')) >= 26 and open(f'/proc/{pid}/stat').read().rpartition(')')[2].split()[0] == 'S')
tool = subprocess.Popen([node, binary, 'fds', str(pid), '--json'], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
wait_for(lambda: rests(tool.pid))
os.kill(pid, signal.SIGKILL)
os.waitpid(pid, 0)
with open('/proc/sys/kernel/ns_last_pid', 'w') as file:
    file.write(str(pid - 1))
heir = os.fork()
if heir == 0:
    time.sleep(100)
out, err = tool.communicate(timeout=20)
os.kill(heir, signal.SIGKILL)
print(json.dumps({'pid': pid, 'heir': heir, 'code': tool.returncode, 'report': json.loads(out), 'stderr': err.decode()}))
`;

interface Told {
  pid: number;
  heir: number;
  code: number;
  report: { coverage: unknown[] };
  stderr: string;
}

describeNeeds(['root', 'unshare', 'python3'], 'a pid that is used again', () => {
  it('is noticed: exit 3', async () => {
    const namespace = ['-p', '-f', '-m', '--mount-proc', '--kill-child'];
    const child = await startChild('unshare', [...namespace, PYTHON, '-c', REUSE, process.execPath, BINARY], { cwd: ownFolder('reuse') });
    const told = JSON.parse(await child.nextLine()) as Told;
    expect(told.heir).toBe(told.pid);
    expect([told.code, told.stderr]).toEqual([3, '']);
    expect(told.report.coverage).toContainEqual(
      expect.objectContaining({
        status: 'absent',
        needed: true,
        detail: expect.stringContaining(`pid ${told.pid} now is another process`),
      }),
    );
    await child.stop();
  });
});
