/** Who waits for what, of programs whose truth is known. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Report } from '../../src/report/index.ts';
import type { TaskRow, TasksData } from '../../src/tasks/data.ts';
import { compileSchema } from '../schema/support.ts';
import { nodeAtFifos } from './support/at-work.ts';
import { startLoad } from './support/load.ts';
import { describeNeeds } from './support/need.ts';
import { startNginx } from './support/nginx.ts';
import { reloadctl, type RunOptions, startFactory } from './support/program.ts';
import { STUCK_NEEDS, startStuck } from './support/stuck.ts';

const validate = compileSchema();

interface Seen {
  code: number | null;
  report: Report<TasksData>;
  said: string[];
  rows: Map<number, TaskRow>;
}

async function tasks(pid: number, args: string[] = [], options: RunOptions = {}): Promise<Seen> {
  const { code, stdout } = await reloadctl(['tasks', String(pid), '--json', ...args], options);
  const report = JSON.parse(stdout) as Report<TasksData>;
  validate(report);
  expect(validate.errors).toBeNull();
  return { code, report, said: report.findings.map(({ id, severity, confidence }) => `${id} ${severity} ${confidence}`), rows: new Map(report.data.tasks.map((row) => [row.tid, row])) };
}

describeNeeds(['python3', 'root'], 'threads that wait', () => {
  it('at a full pipe, a FIFO, a lock, idle at a pipe and at a condition: each is told by what it waits for', async () => {
    const { pid, truth, stop } = await startFactory(['waits=1:write', 'waits=2:read', 'waits=1:flock', 'waits=2:fifo', 'waits=3:idle']);
    try {
      const { code, rows, said, report } = await tasks(pid);
      expect(code).toBe(0);
      const { write, read, flock, fifo, idle } = truth.facts.waits!;
      const of = (tids: number[] | undefined) => tids!.map((tid) => rows.get(tid));
      const [readEnd, writeEnd] = truth.fds['waits.pipe']!;
      expect(of(write)).toEqual([expect.objectContaining({ syscall: 'write', fd: writeEnd, waitsFor: 'descriptor', target: expect.stringContaining('write end') })]);
      expect(of(read)).toEqual(read!.map(() => expect.objectContaining({ syscall: 'read', fd: truth.fds['waits.pipe']![2], waitsFor: 'descriptor' })));
      expect(of(flock)).toEqual([expect.objectContaining({ syscall: 'flock', fd: truth.fds['waits.file']![0], target: expect.stringContaining('state.lock') })]);
      expect(of(fifo).map((row) => row?.target).sort()).toEqual([0, 1].map((number) => join(truth.dir, `queue-${number}.fifo`)));
      expect(of(idle)).toEqual(idle!.map(() => expect.objectContaining({ syscall: 'futex', waitsFor: 'lock' })));
      for (const row of rows.values()) if (row.tid !== pid) expect(row.sinceMs).toBeGreaterThan(1500);
      expect(readEnd).not.toBe(writeEnd);
      expect(said).toEqual(['task/blocked-on-fd warning likely', 'task/blocked-on-fd warning likely', 'task/blocked-on-fd info hint']);
      const holder = truth.children.find(({ role }) => role === 'holder')!.pid;
      expect(report.findings.map(({ because }) => because).join()).toContain(`process ${holder} (`);
    } finally {
      await stop();
    }
  });

  it('for a lock whose holder is blocked; and for locks that go round', async () => {
    const convoy = await startFactory(['waits=4:convoy']);
    const cycle = await startFactory(['waits=3:cycle']);
    try {
      const [first, second] = await Promise.all([tasks(convoy.pid), tasks(cycle.pid)]);
      const [holder, ...waiters] = convoy.truth.facts.waits!.convoy!;
      expect(waiters.map((tid) => first.rows.get(tid)?.lockOwner)).toEqual(waiters.map(() => holder));
      expect(first.said).toEqual(['task/blocked-on-fd warning likely']);
      expect(first.report.findings[0]!.title).toContain('4 more threads');
      const round = cycle.truth.facts.waits!.cycle!;
      expect(round.map((tid) => second.rows.get(tid)?.lockOwner)).toEqual(round.map((_, index) => round[(index + 1) % 3]));
      expect([second.code, second.said]).toEqual([1, ['task/lock-cycle critical certain']]);
    } finally {
      await Promise.all([convoy.stop(), cycle.stop()]);
    }
  });

  it('of another user: said to be denied, exit 3', async () => {
    const { pid, stop } = await startFactory(['waits=2:idle']);
    try {
      const { code, report } = await tasks(pid, ['--for', '100ms'], { uid: 65534 });
      expect(code).toBe(3);
      expect(report.coverage.find(({ source }) => source === 'system calls')).toMatchObject({ status: 'denied', fix: expect.stringContaining('sudo') });
      expect(report.data.tasks.map(({ waitsFor }) => waitsFor)).toEqual([null, null, null]);
    } finally {
      await stop();
    }
  });

  it('of a stopped process are not judged', async () => {
    const { pid, stop } = await startFactory(['waits=2:write']);
    try {
      process.kill(pid, 'SIGSTOP');
      const { code, said, report } = await tasks(pid);
      expect([code, said]).toEqual([3, []]);
      expect(report.coverage.find(({ source }) => source === 'threads')?.detail).toContain('stopped');
    } finally {
      process.kill(pid, 'SIGCONT');
      await stop();
    }
  });
});

describeNeeds(['mkfifo'], 'Node', () => {
  it('with its whole pool at FIFOs: starved; with three of four: not', async () => {
    const [starved, busy] = await Promise.all([nodeAtFifos(4), nodeAtFifos(3)]);
    try {
      const [first, second] = await Promise.all([tasks(starved.pid), tasks(busy.pid)]);
      expect(first.said).toEqual(['task/threadpool-starved warning likely', 'task/blocked-on-fd info hint']);
      expect(first.report.findings[0]!.title).toContain('4/4 blocked in openat');
      expect(second.said).toEqual(['task/blocked-on-fd info hint']);
    } finally {
      await Promise.all([starved.stop(), busy.stop()]);
    }
  });
});

describeNeeds(['nginx', 'root'], 'a busy server', () => {
  it('has no finding', async () => {
    const nginx = await startNginx();
    const load = startLoad({ port: nginx.port, durationMs: 10_000 });
    try {
      const { code, said, report } = await tasks(nginx.pid, ['--tree']);
      expect([code, said]).toEqual([0, []]);
      // The master and its workers were looked at, each of them where it was.
      expect(new Set(report.data.tasks.map(({ pid }) => pid)).size).toBeGreaterThan(1);
      expect(report.data.tasks.filter(({ state }) => !/^[RSD]$/.test(state))).toEqual([]);
    } finally {
      await load.stop();
      await nginx.stop();
    }
  });
});

describeNeeds(STUCK_NEEDS, 'a process whose memory cannot be read', () => {
  it('is told in uninterruptible sleep, in time', async () => {
    const target = await startStuck('mmap');
    try {
      const { said, rows } = await tasks(target.pid);
      expect(said).toEqual(['task/d-state warning likely']);
      expect([...rows.values()].filter(({ state }) => state === 'D')).toEqual([expect.objectContaining({ syscall: 'mmap' })]);
    } finally {
      await target.stop();
    }
  });
});
