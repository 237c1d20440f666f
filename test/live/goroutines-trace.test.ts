/** Execution traces: what we sum up is what Go's own tool sums up. */
import { execFile } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import type { GoroutinesData } from '../../src/goroutines/index.ts';
import type { Report } from '../../src/report/types.ts';
import { compileSchema } from '../schema/support.ts';
import { plainEnv } from './support/child.ts';
import { describeNeeds, ESBUILDS } from './support/need.ts';
import { ownFolder, reloadctl } from './support/program.ts';

const run = promisify(execFile);
const validate = compileSchema();
const SOURCE = fileURLToPath(new URL('../../fixtures/programs/traced', import.meta.url));
const env = plainEnv({ GOFLAGS: '-buildvcs=false' });

let built: Promise<string> | undefined;

async function build(): Promise<string> {
  const program = join(ownFolder('traced'), 'traced');
  await run('go', ['build', '-o', program, '.'], { cwd: SOURCE, env });
  return program;
}

async function look(file: string): Promise<GoroutinesData> {
  const { stdout, stderr } = await reloadctl(['goroutines', file, '--json', '--list']);
  expect(stdout, stderr).toMatch(/^\{/);
  const report = JSON.parse(stdout) as Report<GoroutinesData>;
  expect(validate(report), JSON.stringify(validate.errors)).toBe(true);
  return report.data;
}

const KINDS = ['sync', 'network', 'syscall', 'sched'] as const;
type Kind = (typeof KINDS)[number];
type Sum = { count: number; totalMs: number };

/** What `go tool trace -pprof=KIND` has in all. */
async function goTool(trace: string, folder: string, kind: Kind): Promise<Sum> {
  const profile = join(folder, `${kind}.pb`);
  const { stdout } = await run('go', ['tool', 'trace', `-pprof=${kind === 'network' ? 'net' : kind}`, trace], { env, encoding: 'buffer', maxBuffer: 1 << 28 });
  writeFileSync(profile, stdout);
  const raw = await run('go', ['tool', 'pprof', '-raw', profile], { env, maxBuffer: 1 << 28 });
  const samples = /^Samples:\n([\s\S]*?)^Locations/m.exec(raw.stdout)?.[1] ?? '';
  const rows = [...samples.matchAll(/^ *(\d+) +(\d+):/gm)];
  return { count: rows.reduce((sum, row) => sum + Number(row[1]), 0), totalMs: rows.reduce((sum, row) => sum + Number(row[2]), 0) / 1e6 };
}

/** Its clock has steps of 64 ns on most machines, and Go's own tool moves what is at the same time apart, by 1 ns each. */
async function expectSums({ trace }: GoroutinesData, file: string, folder: string, kinds: readonly Kind[]): Promise<void> {
  const theirs = await Promise.all(kinds.map((kind) => goTool(file, folder, kind)));
  for (const [index, kind] of kinds.entries()) {
    const [own, other] = [trace!.sums[kind], theirs[index]!];
    expect({ kind, count: own.count }).toEqual({ kind, count: other.count });
    expect(Math.abs(own.totalMs - other.totalMs), `${kind}: ${own.totalMs} and ${other.totalMs}`).toBeLessThan(0.01 + other.count * 2e-6);
  }
}

function waits({ trace }: GoroutinesData): Sum {
  const rows = trace!.blocked.filter(({ reason }) => /chan|sync|select/.test(reason));
  return { count: rows.reduce((sum, row) => sum + row.count, 0), totalMs: rows.reduce((sum, row) => sum + row.totalMs, 0) };
}

describeNeeds(['go'], 'a trace of our own', () => {
  it('has the sums of go tool trace, and who never ended', async () => {
    const folder = ownFolder('trace');
    const trace = join(folder, 'trace.out');
    await run(await (built ??= build()), [trace]);
    const data = await look(trace);
    await expectSums(data, trace, folder, KINDS);
    for (const kind of KINDS) expect(data.trace!.sums[kind].count, kind).toBeGreaterThan(10);
    expect(waits(data).count).toBe(data.trace!.sums.sync.count);
    expect(waits(data).totalMs).toBeCloseTo(data.trace!.sums.sync.totalMs, 1);
    expect(data.trace!.runnable).toMatchObject(data.trace!.sums.sched);
    expect(data.trace!.toStart.count).toBeGreaterThanOrEqual(33);
    expect(data.trace!.syscalls.flatMap(({ stacks }) => stacks.flatMap(({ frames }) => frames.map(({ func }) => func)))).toEqual(expect.arrayContaining(['main.echo', 'main.main', 'os.ReadFile']));
    expect(data.trace!.neverEnded[0]).toMatchObject({ count: 25, start: 'main.leak', createdBy: expect.stringMatching(/^main\.main /) as string });
    expect(data.trace).toMatchObject({ ended: 9 });
    expect(data.trace!.stops.filter(({ kind }) => kind === 'GC mark termination').length).toBeGreaterThanOrEqual(3);
    // It slept last, and stops the trace now.
    expect(data.groups.find(({ state }) => state === 'running')).toMatchObject({ count: 1, frames: [{ func: expect.stringMatching(/^(main|runtime)\.main$/) as string }], benign: 'the main goroutine' });
    expect(data.groups[0]).toMatchObject({ count: 25, state: 'chan receive', site: expect.stringMatching(/^main\.leak /) as string });
    expect(data.goroutines!.filter(({ frames }) => frames[0]?.func === 'main.leak')).toHaveLength(25);
    expect(data.trace!.durationMs).toBeGreaterThan(1100);
    // The number in its head is that of the form, not of the Go that wrote it.
    expect(data.goVersion).toBeNull();
    const bytes = readFileSync(trace);
    writeFileSync(`${trace}.gz`, gzipSync(bytes));
    expect((await look(`${trace}.gz`)).trace).toEqual(data.trace);
    // Within what the threads wrote: the tables come last.
    for (let at = bytes.length >> 2; at < bytes.length >> 1; at += 400) bytes[at] = 255;
    writeFileSync(`${trace}.damaged`, bytes);
    const damaged = await reloadctl(['goroutines', `${trace}.damaged`, '--json']);
    const told = damaged.code === 2 ? damaged.stderr : (JSON.parse(damaged.stdout) as Report<GoroutinesData>).coverage[0]!.detail;
    expect(told).toMatch(/it is damaged, and its numbers are not right|broken execution trace/);
  });

  it('one that is cut says so', async () => {
    const folder = ownFolder('trace');
    const [trace, cut] = [join(folder, 'trace.out'), join(folder, 'cut.out')];
    await run(await (built ??= build()), [trace, '20']);
    copyFileSync(trace, cut);
    writeFileSync(cut, readFileSync(trace).subarray(0, -1000));
    const { code, stdout } = await reloadctl(['goroutines', cut]);
    expect(code).toBe(3);
    expect(stdout).toMatch(/the trace ends within a batch/);
  });
});

describeNeeds(['esbuild-of-go-versions', 'go'], 'traces of other people', () => {
  it.each([['esbuild-0.24', 'go1.23'], ['esbuild-0.25', 'go1.23'], ['esbuild-0.27', 'go1.25'], ['esbuild-0.28', 'go1.26']])('%s has the sums of go tool trace', async (name, version) => {
    const folder = ownFolder('trace');
    const [source, trace] = [join(folder, 'in.js'), join(folder, 'trace.out')];
    writeFileSync(source, Array.from({ length: 2000 }, (_, index) => `export function f${index}(a) { return a + ${index}; }\n`).join(''));
    await run(join(ESBUILDS, name, 'bin/esbuild'), [source, '--bundle', '--minify', `--outfile=${join(folder, 'out.js')}`, `--trace=${trace}`, '--log-level=warning']);
    const data = await look(trace);
    expect(data.trace!.version).toBe(version);
    await expectSums(data, trace, folder, ['sync', 'sched']);
  });
});

it('the form of Go 1.21 and before is not read, and what reads it is named', async () => {
  const file = join(ownFolder('trace'), 'old.out');
  writeFileSync(file, 'go 1.21 trace\0\0\0rest');
  const { code, stderr } = await reloadctl(['goroutines', file]);
  expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringMatching(/an execution trace of Go 1\.21, whose form is not supported: use go tool trace/) as string });
});
