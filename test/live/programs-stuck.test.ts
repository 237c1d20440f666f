import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { statusValue } from './support/kernel.ts';
import { describeNeeds } from './support/need.ts';
import { STUCK_NEEDS, type StuckTarget, startStuck } from './support/stuck.ts';
import { until } from './support/until.ts';

interface Reader {
  pid: number;
  over(): boolean;
}

/** Reads in a process of its own: one that never returns may not even be killed. */
function startReader(command: string, path: string): Reader {
  const child = spawn(command, [path], { stdio: 'ignore' });
  let over = false;
  child.on('exit', () => {
    over = true;
  });
  return { pid: child.pid ?? -1, over: () => over };
}

/** Whether the process sleeps now: it has begun the call that does not return. */
function sleeps(pid: number): boolean {
  return /^[SD]/.test(statusValue(pid, 'State') ?? '');
}

/** Asserts that a read of `path` does not return while another, started later, does, and does once the target is freed. */
async function expectHang(target: StuckTarget, command: string, path: string): Promise<void> {
  const reader = startReader(command, path);
  try {
    await until(() => sleeps(reader.pid) || reader.over(), { what: 'the reader to sleep' });
    const later = startReader(command, '/proc/self/status');
    await until(later.over, { what: 'a harmless read' });
    const looks = Date.now() + 300;
    await until(() => reader.over() || Date.now() > looks);
    expect(reader.over(), `${path} should hang`).toBe(false);
    for (const classA of ['stat', 'status', 'limits', `fdinfo/${target.fds.file[0]}`]) readFileSync(`/proc/${target.pid}/${classA}`);
  } finally {
    await target.stop();
  }
  await until(reader.over, { what: 'the reader to be freed' });
}

describeNeeds(STUCK_NEEDS, 'reads that never return', () => {
  it('stat of a file of a silent file system', async () => {
    const target = await startStuck('open');
    await expectHang(target, 'stat', target.fs.file);
  });

  it('fdinfo of an epoll whose owner sits in epoll_ctl', async () => {
    const target = await startStuck('epoll');
    await expectHang(target, 'cat', `/proc/${target.pid}/fdinfo/${target.fds.epoll[0]}`);
  });

  it('cmdline of a process whose mmap_lock is held', async () => {
    const target = await startStuck('mmap');
    await expectHang(target, 'cat', `/proc/${target.pid}/cmdline`);
  });

  it('leaves no mount behind', async () => {
    const target = await startStuck('open');
    expect(readFileSync('/proc/self/mounts', 'latin1')).toContain(target.fs.dir);
    await target.stop();
    expect(readFileSync('/proc/self/mounts', 'latin1')).not.toContain(target.fs.dir);
  });
});
