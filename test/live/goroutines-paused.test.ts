/** A program that somebody stopped waits for nothing: its report says so, and judges no time. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { openLive } from '../../src/evidence/index.ts';
import type { GoroutinesData } from '../../src/goroutines/index.ts';
import { openMemory } from '../../src/goroutines/source/memory.ts';
import type { Report } from '../../src/report/types.ts';
import { compileSchema } from '../schema/support.ts';
import type { Child } from './support/child.ts';
import { describeNeeds, need } from './support/need.ts';
import { type Parked, startParked } from './support/parked.ts';
import { reloadctl } from './support/program.ts';
import { until } from './support/until.ts';

const validate = compileSchema();
const children: Child[] = [];
const undo: (() => void)[] = [];

afterEach(async () => {
  for (const one of undo.splice(0).reverse()) one();
  await Promise.all(children.splice(0).map((child) => child.stop()));
});

async function start(): Promise<Parked> {
  const program = await startParked(['-ldflags=-s -w']);
  children.push(program.child);
  undo.push(() => process.kill(program.pid, 'SIGCONT'));
  return program;
}

async function look(pid: number): Promise<Report<GoroutinesData>> {
  const { stdout, stderr } = await reloadctl(['goroutines', String(pid), '--via', 'memory', '--list', '--json']);
  expect(stdout, stderr).toMatch(/^\{/);
  const report = JSON.parse(stdout) as Report<GoroutinesData>;
  expect(validate(report), JSON.stringify(validate.errors)).toBe(true);
  return report;
}

async function stopped(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  await until(() => /^State:\tT/m.test(readFileSync(`/proc/${pid}/status`, 'latin1')), { what: 'it to stop' });
}

describeNeeds(['go'], 'a program that is paused', () => {
  it('by a signal: it is said, and there is no second look', async () => {
    const { pid } = await start();
    expect((await look(pid)).data.memory!.paused).toBeUndefined();
    await stopped(pid);
    const report = await look(pid);
    expect(report.data.memory!.paused).toMatchObject({ how: 'stopped' });
    expect(report.coverage.map(({ source }) => source)).not.toContain('looks');
    expect(report.coverage.find(({ source }) => source.endsWith('/task/*/stat'))).toMatchObject({ status: 'partial', detail: expect.stringContaining('is stopped (a signal)') as string });
    const { stdout } = await reloadctl(['goroutines', String(pid), '--via', 'memory']);
    expect(stdout).toContain('the process is stopped now');
  });

  it('tells no waiting times, however late it is', async () => {
    const program = await start();
    // A collection notes the end of the one before as the beginning of a wait (runtime/mgcmark.go markroot).
    for (let turn = 0; turn < 3; turn++) await program.ask('gc');
    const evidence = openLive();
    const now = evidence.memory!.monotonicNs();
    vi.spyOn(evidence.memory!, 'monotonicNs').mockReturnValue(now + 3 * 3600e9);
    const take = await openMemory(String(program.pid), program.pid, { evidence, signal: new AbortController().signal });
    const options = { rows: true, force: false, light: false, leaks: false, timeoutMs: 60_000 };
    const waits = async (): Promise<number> => (await take(options)).dump.rows!.filter(({ waitMinutes }) => (waitMinutes ?? 0) >= 180).length;
    expect(await waits()).toBeGreaterThan(20);
    await stopped(program.pid);
    expect((await take(options)).dump.rows!.filter(({ waitMinutes }) => waitMinutes !== undefined)).toEqual([]);
  });
});

const GROUPS = ['/sys/fs/cgroup/freezer', '/sys/fs/cgroup/unified', '/sys/fs/cgroup'].find((root) => existsSync(join(root, 'cgroup.procs')) && !existsSync(join(root, 'cgroup.type')));

describeNeeds(['go', 'root'], 'a container that is paused', () => {
  it.skipIf(!need('root') || GROUPS === undefined)('is told from one that waits', async () => {
    const { pid } = await start();
    const group = join(GROUPS!, `reloadctl-test-${process.pid}`);
    mkdirSync(group);
    writeFileSync(join(group, 'cgroup.procs'), String(pid));
    const [file, on, off] = existsSync(join(group, 'cgroup.freeze')) ? ['cgroup.freeze', '1', '0'] : ['freezer.state', 'FROZEN', 'THAWED'];
    undo.push(() => {
      writeFileSync(join(group, file), off);
      writeFileSync(join(GROUPS!, 'cgroup.procs'), String(pid));
      rmdirSync(group);
    });
    writeFileSync(join(group, file), on);
    await until(async () => (await look(pid)).data.memory!.paused?.how === 'frozen', { what: 'the look to say that it is frozen' });
  });
});
