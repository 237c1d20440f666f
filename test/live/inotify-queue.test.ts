/** How much waits in the queues of live processes: known to the byte. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { describeNeeds } from './support/need.ts';
import { ownFolder, reloadctl } from './support/program.ts';
import { lookAtInotify, startWatcher } from './support/watching.ts';
import { until } from './support/until.ts';
import { statusValue } from './support/kernel.ts';

const IN_CREATE = 0x100;

function create(directory: string, count: number, from = 0): void {
  for (let number = from; number < from + count; number++) writeFileSync(`${directory}/f${number}`, '');
}

describeNeeds(['python3'], 'queues of inotify', () => {
  it('of a stopped watcher hold 3,200 bytes after 100 creates, and the process is told of', async () => {
    const directory = ownFolder('queue');
    const watcher = await startWatcher([directory], IN_CREATE);
    process.kill(watcher.pid, 'SIGSTOP');
    try {
      await until(() => statusValue(watcher.pid, 'State')?.startsWith('T') === true);
      create(directory, 100);
      const { data, findings } = await lookAtInotify(watcher.pid);
      expect(data.instances).toMatchObject([{ fd: watcher.fd, watches: 1, queueBytes: 3200, queueState: 'stuck' }]);
      expect(findings.map(({ id, severity, confidence }) => [id, severity, confidence])).toEqual([['inotify/queue', 'warning', 'certain']]);
    } finally {
      process.kill(watcher.pid, 'SIGCONT');
    }
    // Nothing was taken from it.
    expect(await watcher.tell('read')).toBe('3200');
  });

  it('are full after 20,000 creates: 524,304 bytes, and events are lost', async () => {
    const directory = ownFolder('queue');
    const watcher = await startWatcher([directory], IN_CREATE);
    create(directory, 20_000);
    const seen = await reloadctl(['inotify', String(watcher.pid), '--json']);
    expect(seen.code).toBe(1);
    const { data, findings } = JSON.parse(seen.stdout) as Awaited<ReturnType<typeof lookAtInotify>>;
    expect(data.instances).toMatchObject([{ queueBytes: 524_304, queueState: 'full' }]);
    expect(findings).toMatchObject([{ id: 'inotify/overflow', severity: 'critical', confidence: 'certain' }]);
    expect(findings[0]!.title).toContain('full, events are lost');
    expect(await watcher.tell('read')).toBe('524304');
    expect((await lookAtInotify(watcher.pid)).findings).toEqual([]);
  });

  it('that are read all the time are empty or draining, and nothing is said', async () => {
    const directory = ownFolder('queue');
    const watcher = await startWatcher([directory], IN_CREATE);
    let made = 0;
    const work = setInterval(() => {
      create(directory, 20, made);
      made += 20;
      watcher.child.say('read');
    }, 10);
    try {
      // A reader that gets no time for as long as a look takes is stuck in that look: the next one sees it read.
      await until(async () => {
        const { data, findings } = await lookAtInotify(watcher.pid, { windowMs: 1500 });
        expect(findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
        return data.instances[0]?.queueState === 'empty' || data.instances[0]?.queueState === 'draining';
      }, { deadlineMs: 30_000, what: 'the queue to be seen as one that is read' });
    } finally {
      clearInterval(work);
    }
  });

  it('that nobody reads for two seconds are a warning when much waits, and a note when little does', async () => {
    const directory = ownFolder('queue');
    const watcher = await startWatcher([directory], IN_CREATE);
    const judged = async () => (await lookAtInotify(watcher.pid, { windowMs: 2500 })).findings.map(({ id, severity, confidence }) => [id, severity, confidence]);
    create(directory, 100);
    expect(await judged()).toEqual([['inotify/queue', 'info', 'likely']]);
    create(directory, 5000, 100);
    expect(await judged()).toEqual([['inotify/queue', 'warning', 'likely']]);
  });

  it('are full of names of any length, too', async () => {
    const directory = ownFolder('queue');
    const watcher = await startWatcher([directory], IN_CREATE);
    for (let number = 0; number < 20_000; number++) writeFileSync(`${directory}/${number % 3 === 0 ? 'a-name-that-is-longer-' : 'f'}${number}`, '');
    const { data, findings } = await lookAtInotify(watcher.pid);
    expect(data.instances).toMatchObject([{ queueState: 'full', queueEvents: { most: 16_385 } }]);
    expect(findings).toMatchObject([{ id: 'inotify/overflow', severity: 'critical', confidence: 'likely' }]);
    // What is in the directory now is not what the events were of: only that it may be full is known.
    rmSync(directory, { recursive: true });
    const later = await lookAtInotify(watcher.pid);
    expect(later.data.instances).toMatchObject([{ queueMayBeFull: true }]);
    expect(later.findings).toMatchObject([{ id: 'inotify/queue', severity: 'warning', confidence: 'hint' }]);
  });

  it('of a family that shares one instance are one queue', async () => {
    const directory = ownFolder('queue');
    const watcher = await startWatcher([directory], IN_CREATE);
    const child = Number(await watcher.tell('fork'));
    create(directory, 100);
    const { data, findings } = await lookAtInotify([watcher.pid, child]);
    expect(data.instances).toMatchObject([{ sharedWith: [{ pid: child }] }, { sharedWith: [{ pid: watcher.pid }] }]);
    expect(findings).toHaveLength(1);
  });

  it('tell of churn by the numbers of watches', async () => {
    const directory = ownFolder('queue');
    mkdirSync(`${directory}/a`);
    const watcher = await startWatcher([directory]);
    await watcher.tell(`churn 3000 ${directory}/a`);
    await watcher.tell(`add fc6 ${directory}/a`);
    const { data, findings } = await lookAtInotify(watcher.pid);
    expect(data.instances).toMatchObject([{ watches: 2, maxWd: 3002 }]);
    expect(findings.map(({ id, severity }) => [id, severity])).toEqual([['inotify/churn', 'info']]);
    rmSync(directory, { recursive: true });
  });
});
