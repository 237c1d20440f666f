/** Programs of Go that another linker put together, or that hold more Go than one program: all of it is read, or said to be left out. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, expect, it } from 'vitest';
import type { GoroutinesData } from '../../src/goroutines/index.ts';
import type { Report } from '../../src/report/types.ts';
import { type Child, plainEnv, startChild } from './support/child.ts';
import { describeNeeds } from './support/need.ts';
import { olderGo } from './support/older-go.ts';
import { goroutinesOf, startParked } from './support/parked.ts';
import { ownFolder, reloadctl } from './support/program.ts';

const run = promisify(execFile);
const children: Child[] = [];
const LIBRARY = fileURLToPath(new URL('../../fixtures/programs/go-library', import.meta.url));

afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.stop()));
});

async function start(path: string, args: string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Child> {
  const child = await startChild(path, args, { env });
  children.push(child);
  await child.nextLine();
  return child;
}

async function look(pid: number, ...args: string[]): Promise<Report<GoroutinesData>> {
  const { stdout, stderr } = await reloadctl(['goroutines', String(pid), '--via', 'memory', '--json', ...args]);
  expect(stdout, stderr).toMatch(/^\{/);
  return JSON.parse(stdout) as Report<GoroutinesData>;
}

const inside = ({ data }: Report<GoroutinesData>): unknown => data.groups.find(({ site }) => site.startsWith('main.inside '));
const buildGo = (args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<unknown> => run('go', ['build', ...args, '.'], { cwd, env: { ...env, GOFLAGS: '-buildvcs=false', CGO_ENABLED: '1' } });

describeNeeds(['go-before-1.26', 'cc'], 'Go before 1.26, linked by the linker of the system', () => {
  it.each(['with its symbols', 'stripped', 'without a table of sections'])('a position independent program, %s', async (how) => {
    const flags = how === 'with its symbols' ? '' : ' -s -w';
    const program = await startParked(['-buildmode=pie', `-ldflags=-linkmode=external${flags}`], { env: { ...olderGo(), CGO_ENABLED: '1' }, withoutSections: how === 'without a table of sections' });
    children.push(program.child);
    const truth = await program.truth();
    const { data } = await look(program.pid, '--list');
    expect(data).toMatchObject({ total: truth.size, goVersion: program.go, memory: { torn: 0 } });
    const own = new Map(data.goroutines!.map((one) => [one.id!, one]));
    for (const [id, { state, frames }] of truth) if (id !== '1' && !frames.some(({ func }) => func === 'main.gapTicker')) expect(own.get(id)).toMatchObject({ id, state, frames });
    const { stdout } = await reloadctl(['goroutines', '--list-processes', '--json']);
    expect((JSON.parse(stdout) as Report<{ processes: { pid: number }[] }>).data.processes.find(({ pid }) => pid === program.pid)).toMatchObject({ goroutines: truth.size });
  });

  it.each([['position independent', []], ['that is not position independent', ['-no-pie']]])('an archive of it in a program of C, %s', async (_, flags) => {
    const folder = ownFolder('archive');
    await buildGo(['-buildmode=c-archive', '-o', join(folder, 'waits.a')], LIBRARY, olderGo()!);
    await run('cc', [...flags, '-o', join(folder, 'main'), join(LIBRARY, 'main.c'), join(folder, 'waits.a'), '-lpthread']);
    expect(inside(await look((await start(join(folder, 'main'))).pid))).toMatchObject({ count: 5 });
  });

  it('a library of it in a program of C', async () => {
    const folder = ownFolder('library');
    await buildGo(['-buildmode=c-shared', '-o', join(folder, 'libwaits.so')], LIBRARY, olderGo()!);
    await run('cc', ['-o', join(folder, 'main'), join(LIBRARY, 'main.c'), join(folder, 'libwaits.so')]);
    expect(inside(await look((await start(join(folder, 'main'), [], { ...plainEnv(), LD_LIBRARY_PATH: folder })).pid))).toMatchObject({ count: 5 });
  });
});

describeNeeds(['go', 'cc', 'root'], 'more Go than one program', () => {
  it('two libraries: one is read, the other named, and to be had', async () => {
    const folder = ownFolder('two');
    const names = ['libone.so', 'libtwo.so'].map((name) => join(folder, name));
    for (const name of names) await buildGo(['-buildmode=c-shared', '-o', name], LIBRARY, plainEnv());
    await run('cc', ['-o', join(folder, 'main'), fileURLToPath(new URL('../../fixtures/programs/go-opens.c', import.meta.url)), '-ldl']);
    const { pid } = await start(join(folder, 'main'), names);
    const left = async (...args: string[]): Promise<{ file: string | undefined; needed: boolean | undefined }> => {
      const report = await look(pid, ...args);
      expect(inside(report)).toMatchObject({ count: 5 });
      const other = report.coverage.find(({ source }) => source.endsWith('/maps'));
      expect(other).toMatchObject({ status: 'partial', detail: expect.stringMatching(/holds a runtime of Go \(go1\.\S+\) with goroutines of its own/) as string });
      return { file: names.find((name) => other?.detail?.includes(name)), needed: other?.needed };
    };
    const { file, needed } = await left();
    expect(names).toContain(file);
    expect(needed).toBe(true);
    // The one that was left out is read when it is asked for, and the other is left out then.
    expect(await left('--binary', file!)).toEqual({ file: names.find((name) => name !== file), needed: false });
    const { code, stderr } = await reloadctl(['goroutines', String(pid), '--binary', 'libthree.so']);
    expect({ code, stderr }).toMatchObject({ code: 3, stderr: expect.stringContaining('has no Go in a file libthree.so') as string });
    const { stdout } = await reloadctl(['goroutines', '--list-processes', '--json']);
    expect((JSON.parse(stdout) as Report<{ processes: { pid: number }[] }>).data.processes.find((one) => one.pid === pid)).toMatchObject({ goVersion: expect.stringMatching(/^go1\./) as string, goroutines: expect.any(Number) as number });
  });

  it.each([[0, []], [40, []], [5, ['-ldflags=-s -w']]])('a program with %i goroutines of a plugin: frame by frame', async (count, flags) => {
    const folder = ownFolder('plugged');
    const source = fileURLToPath(new URL('../../fixtures/programs/plugged', import.meta.url));
    await buildGo([...flags, '-o', join(folder, 'main')], source, plainEnv());
    await run('go', ['build', '-buildmode=plugin', ...flags, '-o', join(folder, 'part.so'), './part'], { cwd: source, env: plainEnv({ GOFLAGS: '-buildvcs=false', CGO_ENABLED: '1' }) });
    const { pid } = await start(join(folder, 'main'), [join(folder, 'part.so'), String(count), join(folder, 'dump')]);
    const { data, coverage } = await look(pid, '--list');
    expect(data.memory).toMatchObject({ torn: 0 });
    expect(coverage.map(({ status }) => status)).toEqual(coverage.map(() => 'ok'));
    const truth = goroutinesOf(readFileSync(join(folder, 'dump'), 'latin1'));
    expect(truth.size).toBe(count === 0 ? 11 : 12 + count);
    const own = new Map(data.goroutines!.map((one) => [one.id!, one]));
    for (const [id, { state, frames, createdBy, parent }] of truth) if (id !== '1') expect(own.get(id)).toMatchObject({ id, state, frames, createdBy, createdById: parent });
    const parts = [...truth.values()].filter(({ createdBy }) => createdBy?.func.endsWith('.Start'));
    expect(parts).toHaveLength(count === 0 ? 0 : count + 1);
    for (const { frames } of parts) expect(frames.at(-1)!.func).toMatch(/\/part\.(parked|locked)$/);
    if (count > 0) expect(data.locks.map(({ count: waiting }) => waiting)).toEqual([1]);
  });
});
