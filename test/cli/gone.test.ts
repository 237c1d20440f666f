/** The target ends, or its pid is used again, while it is looked at: what was seen is told, exit 3, no trace. */
import { expect, it } from 'vitest';
import { startChild } from '../live/support/child.ts';
import { describeNeeds } from '../live/support/need.ts';
import { ownFolder, PYTHON, startFactory, startNode } from '../live/support/program.ts';
import { reportOf } from './support/look.ts';
import { BINARY, manyDescriptors, startReloadctl, untilReading, untilSecondLook } from './support/start.ts';

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

describeNeeds(['python3'], 'ends at any moment', () => {
  it('never a trace, never a claim that all is well', { timeout: 120_000 }, async () => {
    for (let afterMs = 40; afterMs < 240; afterMs += 25) {
      const { pid, stop } = await startFactory(['files=400', 'pipe=50', 'epoll-healthy=20']);
      const started = startReloadctl(['fds', pid, '--json']);
      const timer = setTimeout(() => process.kill(pid, 'SIGKILL'), afterMs);
      const ended = await started.ended;
      clearTimeout(timer);
      await stop();
      expect(ended.stderr).not.toMatch(/\n {4}at |bug in reloadctl/);
      const report = reportOf({ ...ended, durationMs: 0, timedOut: false });
      // 0 only when the end came after the look.
      expect([ended.code, report.verdict]).toEqual(ended.code === 0 ? [0, 'pass'] : [3, 'inconclusive']);
      if (ended.code === 0) expect(report.data.open).toBeGreaterThanOrEqual(503);
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
