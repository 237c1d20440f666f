/** Goroutines read from memory are those that the program itself tells of, frame by frame; and it does not notice. */
import { execFile } from 'node:child_process';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, expect, it } from 'vitest';
import type { GoroutinesData } from '../../src/goroutines/index.ts';
import type { Report } from '../../src/report/types.ts';
import { compileSchema } from '../schema/support.ts';
import { type Child, plainEnv, startChild } from './support/child.ts';
import { SERVERS, startServer } from './support/go.ts';
import { describeNeeds, ESBUILDS } from './support/need.ts';
import { buildParked, goroutinesOf, type Parked, type ParkedOptions, startParked, type TrueGoroutine } from './support/parked.ts';
import { ownFolder, reloadctl } from './support/program.ts';
import { startStuck, STUCK_NEEDS } from './support/stuck.ts';
import { until } from './support/until.ts';

const run = promisify(execFile);
const validate = compileSchema();
const children: Child[] = [];

afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.stop()));
});

async function start(args: readonly string[], options: ParkedOptions = {}): Promise<Parked> {
  const program = await startParked(args, options);
  children.push(program.child);
  return program;
}

async function look(pid: number, ...args: string[]): Promise<Report<GoroutinesData>> {
  const { stdout, stderr } = await reloadctl(['goroutines', String(pid), '--via', 'memory', '--json', ...args]);
  expect(stdout, stderr).toMatch(/^\{/);
  const report = JSON.parse(stdout) as Report<GoroutinesData>;
  expect(validate(report), JSON.stringify(validate.errors)).toBe(true);
  expect(report.data.memory).toMatchObject({ stopMs: 0 });
  return report;
}

const isRuntime = ({ func }: { func: string }): boolean => /^runtime\./.test(func);

/** How many goroutines are the same in both; those in `but` need not be. */
function compare({ data }: Report<GoroutinesData>, truth: ReadonlyMap<string, TrueGoroutine>, options: { but?: (id: string, one: TrueGoroutine) => boolean; runtime?: boolean } = {}): number {
  const own = new Map(data.goroutines!.map((one) => [one.id!, one]));
  let same = 0;
  for (const [id, expected] of truth) {
    if (options.but?.(id, expected)) continue;
    const found = own.get(id);
    const frames = options.runtime ? found?.frames.filter((frame) => !isRuntime(frame)) : found?.frames;
    const wanted = options.runtime ? expected.frames.filter((frame) => !isRuntime(frame)) : expected.frames;
    const creator = options.runtime && isRuntime(expected.createdBy ?? { func: '' }) ? undefined : expected.createdBy;
    const parent = creator ? expected.parent : found?.createdById;
    expect({ id, state: found?.state, createdBy: found?.createdBy, parent: found?.createdById, locked: found?.lockedToThread ?? false, frames }).toEqual({ id, state: expected.state, createdBy: creator, parent, locked: expected.locked, frames: wanted });
    same++;
  }
  return same;
}

/** Its main goroutine wrote the dump then, and waits for a command now; its ticker ticks. */
const moves = (id: string, { frames }: TrueGoroutine): boolean => id === '1' || frames.some(({ func }) => func === 'main.gapTicker');

describeNeeds(['go'], 'a program that tells its goroutines itself', () => {
  it.each<[string, string[], ParkedOptions?]>([
    ['as go builds it', []],
    ['stripped', ['-ldflags=-s -w']],
    ['not optimised', ['-gcflags=all=-N -l']],
    ['position independent, stripped', ['-buildmode=pie', '-ldflags=-s -w']],
    ['with -trimpath', ['-trimpath']],
    ['with cgo and its callbacks', ['-tags=withcgo'], { env: { CGO_ENABLED: '1' } }],
    ['with the race detector', ['-race'], { env: { CGO_ENABLED: '1' } }],
    ['static and position independent', ['-buildmode=pie', '-ldflags=-linkmode=external -extldflags=-static-pie -s -w'], { env: { CGO_ENABLED: '1' } }],
    ['without a table of sections', ['-ldflags=-s -w'], { withoutSections: true }],
  ])('%s: every frame of every goroutine', async (_, args, options) => {
    const program = await start(args, options);
    const truth = await program.truth();
    const report = await look(program.pid, '--list');
    expect(compare(report, truth, { but: moves })).toBe(truth.size - 2);
    expect(report.data).toMatchObject({ total: truth.size, goVersion: program.go, memory: { torn: 0 } });
    const locked = report.data.groups.reduce((sum, group) => sum + (group.system ? 0 : group.lockedToThread), 0);
    expect(locked).toBe([...truth.values()].filter((one) => one.locked).length);
    expect(report.data.groups.find(({ labels }) => labels)?.labels).toEqual({ worker: 'seven', kind: 'labelled' });
    expect(report.data.groups.filter(({ elided }) => elided).length).toBeGreaterThanOrEqual(1);
  });

  it.each([['as go builds it', []], ['stripped', ['-ldflags=-s -w']], ['not optimised', ['-gcflags=all=-N -l']]])('stacks that are not plain calls, %s', async (_, args) => {
    const folder = ownFolder('odd');
    await run('go', ['build', ...args, '-o', join(folder, 'odd'), '.'], { cwd: fileURLToPath(new URL('../../fixtures/programs/odd-stacks', import.meta.url)), env: plainEnv({ GOFLAGS: '-buildvcs=false' }) });
    const child = await startChild(join(folder, 'odd'), [join(folder, 'dump')]);
    children.push(child);
    const report = await look(Number(await child.nextLine()), '--list');
    const truth = goroutinesOf(readFileSync(join(folder, 'dump'), 'latin1'));
    expect(truth.size).toBeGreaterThanOrEqual(17);
    expect(compare(report, truth, { but: (id) => id === '1' })).toBe(truth.size - 1);
    expect(report.data.memory!.torn).toBe(0);
  });

  it('100,000 goroutines', async () => {
    const program = await start(['-ldflags=-s -w'], { count: 100_000 });
    const truth = await program.truth();
    const report = await look(program.pid, '--list');
    expect(compare(report, truth, { but: moves })).toBe(truth.size - 2);
    expect(report.data.memory!.torn).toBe(0);
    expect(report.coverage[0]!.detail).toMatch(/^read-only, 0 ms stop, 0 torn of 100,0\d\d/);
  });

  it('channels, locks and connections are those it names', async () => {
    const program = await start([]);
    const facts = await program.facts();
    const { data } = await look(program.pid, '--list');
    const channel = (name: string) => data.memory!.channels.find(({ address }) => address === facts[name]!.address);
    expect(channel('full')).toMatchObject({ length: 2, capacity: 2, closed: false, senders: 1, receivers: 0 });
    expect(channel('list')).toMatchObject({ length: 0, capacity: 3, closed: false, senders: 0, receivers: 1 });
    expect(channel('never')).toMatchObject({ length: 0, capacity: 0, senders: 0 });
    expect(channel('never')!.receivers).toBeGreaterThan(20);
    expect(data.memory!.conds).toEqual([{ address: facts.cond!.address, waiters: 1 }]);
    const waits = (name: string): unknown[] => data.goroutines!.filter(({ channels = [], lock }) => [...channels, lock].includes(facts[name]!.address)).map(({ state }) => state);
    expect(waits('full')).toEqual(['chan send']);
    expect(waits('never')).toHaveLength(channel('never')!.receivers + channel('never')!.selecting);
    expect(waits('cond')).toEqual(['sync.Cond.Wait']);
    expect(waits('mutex')).toEqual(Array.from({ length: 5 }, () => 'sync.Mutex.Lock'));
    expect(waits('rwmutex').sort()).toEqual(['sync.Mutex.Lock', 'sync.RWMutex.RLock', 'sync.RWMutex.RLock']);
    const lock = (name: string) => data.locks.find(({ address }) => address === facts[name]!.address);
    expect(lock('mutex')).toMatchObject({ count: 5 });
    expect(lock('mutex')!.holders[0]).toMatchObject({ place: expect.stringMatching(/^main\.\(\*registry\)\.hold /) as string });
    expect(lock('rwmutex')).toMatchObject({ count: 3 });
    const { fd, local, remote } = facts.client!;
    const listed = await reloadctl(['goroutines', String(program.pid), '--list']);
    expect(listed.stdout).toContain(`IO wait, fd ${fd} of ${remote}`);
    expect(data.memory!.connections).toContainEqual(expect.objectContaining({ fd, local, peer: remote, state: 'ESTABLISHED' }));
  });

  it('what moves all the time is torn in one of a thousand at most', async () => {
    const program = await start([], { count: 5000 });
    await program.ask('churn');
    let [read, torn] = [0, 0];
    for (let turn = 0; turn < 8; turn++) {
      const { memory, groups } = (await look(program.pid, '--settle', '0')).data;
      read += memory!.read;
      torn += memory!.torn;
      // A stack of two moments would begin anywhere.
      const beginnings = groups.flatMap(({ frames, system }) => (system ? [] : (frames.at(-1)?.func ?? [])));
      expect(beginnings.filter((func) => !/^(main\.|time\.Sleep$|sync\.|net\.\(\*TCPListener\)\.Accept$|runtime\.goexit$)/.test(func))).toEqual([]);
    }
    await program.ask('calm');
    expect(read).toBeGreaterThan(40_000);
    expect(torn / (read + torn)).toBeLessThanOrEqual(0.001);
  });

  it('of those that never stand still no call is made up', async () => {
    const source = fileURLToPath(new URL('../../fixtures/programs/movers', import.meta.url));
    const binary = join(ownFolder('movers'), 'movers');
    await run('go', ['build', '-ldflags=-s -w', '-o', binary, '.'], { cwd: source, env: plainEnv({ GOFLAGS: '-buildvcs=false' }) });
    const child = await startChild(binary, ['2000']);
    children.push(child);
    const pid = Number(await child.nextLine());
    const lines = readFileSync(join(source, 'main.go'), 'utf8').split('\n');
    const waitsIn: Readonly<Record<string, RegExp>> = { 'chan receive': /^main\.receive$/, 'chan send': /^main\.send$/, select: /^main\.choose$/, 'sync.Mutex.Lock': /^main\.hold$/ };
    let read = 0;
    for (let turn = 0; turn < 10; turn++) {
      const { memory, groups } = (await look(pid, '--settle', '0')).data;
      read += memory!.read;
      const stacks = groups.map(({ state, frames }) => ({ state, own: frames.filter(({ func }) => func.startsWith('main.')) })).filter(({ own }) => own.at(-1)?.func === 'main.move');
      for (const { state, own } of stacks) {
        expect(own[0]!.func).toMatch(waitsIn[state] ?? /./);
        for (const [index, { func }] of own.slice(0, -1).entries()) expect(lines[own[index + 1]!.line - 1]).toContain(`${func.slice('main.'.length)}(`);
      }
      expect(stacks.length).toBeGreaterThan(5);
      expect(memory!.torn).toBeLessThanOrEqual(memory!.read / 1000);
    }
    expect(read).toBeGreaterThan(20_000);
  });

  it('--watch tells what grows, --where and exports work on it', async () => {
    const program = await start([]);
    const folder = ownFolder('export');
    const report = await look(program.pid, '--where', 'state="sync.Mutex.Lock"', '--export', `debug2=${join(folder, 'd2')}`);
    expect(report.data.groups.reduce((sum, { count }) => sum + count, 0)).toBe(6);
    expect(readFileSync(join(folder, 'd2'), 'utf8')).toMatch(/^goroutine \d+ \[/);
    const watched = await look(program.pid, '--watch', '3s', '--interval', '200ms');
    expect((watched.data as unknown as { watch: { samples: number } }).watch.samples).toBeGreaterThanOrEqual(3);
  });

  it('it is listed among the Go programs of the host', async () => {
    const program = await start(['-ldflags=-s -w']);
    const truth = await program.truth();
    const { stdout } = await reloadctl(['goroutines', '--list-processes', '--json']);
    const { data } = JSON.parse(stdout) as Report<{ processes: { pid: number }[] }>;
    expect(data.processes.find(({ pid }) => pid === program.pid)).toMatchObject({ goVersion: program.go, module: 'example.com/parked', goroutines: truth.size });
  });

  it('a program of 32 bits is refused with a word', async () => {
    const child = await startChild(await buildParked(['-ldflags=-s -w'], { GOARCH: '386', CGO_ENABLED: '0' }), ['1']);
    children.push(child);
    await child.nextLine();
    const { code, stderr } = await reloadctl(['goroutines', String(child.pid), '--via', 'memory']);
    expect({ code, stderr }).toMatchObject({ code: 3, stderr: expect.stringContaining('is a 32-bit program; 64-bit ones are read') as string });
    const { stdout } = await reloadctl(['goroutines', '--list-processes', '--json']);
    expect((JSON.parse(stdout) as Report<{ processes: { pid: number }[] }>).data.processes.find(({ pid }) => pid === child.pid)).toMatchObject({ goroutines: null, problem: expect.stringContaining('32-bit') as string });
  });

  it('what it exports is read as what it was', async () => {
    const program = await start([]);
    const file = join(ownFolder('export'), 'dump.txt');
    const report = await look(program.pid, '--list', '--export', `debug2=${file}`);
    const { stdout } = await reloadctl(['goroutines', file, '--list', '--json']);
    const again = JSON.parse(stdout) as Report<GoroutinesData>;
    const told = ({ data }: Report<GoroutinesData>) => data.goroutines!.filter(({ system }) => !system).map(({ id, state, frames, createdBy, createdById, lockedToThread, waitMs }) => ({ id, state, frames, createdBy, createdById, lockedToThread, waitMs }));
    const byId = (a: { id: string | null }, b: { id: string | null }): number => Number(a.id) - Number(b.id);
    expect(told(again).sort(byId)).toEqual(told(report).sort(byId));
  });

  it('a program that runs itself anew while it is read is not half told', async () => {
    const source = fileURLToPath(new URL('../../fixtures/programs/anew', import.meta.url));
    const binary = join(ownFolder('anew'), 'anew');
    await run('go', ['build', '-o', binary, '.'], { cwd: source, env: plainEnv({ GOFLAGS: '-buildvcs=false' }) });
    const child = await startChild(binary, ['2000', '100']);
    children.push(child);
    await child.nextLine();
    const ends: string[] = [];
    while (ends.length < 8 || (!ends.includes('part') && ends.length < 25)) {
      const { code, stdout, stderr } = await reloadctl(['goroutines', String(child.pid), '--via', 'memory', '--json']);
      if (code === 3) ends.push(/\(exec\) while it was read/.test(stderr) ? 'part' : 'early');
      else {
        // It was caught between two beginnings: whole then, as far as it had come.
        const { data } = JSON.parse(stdout) as Report<GoroutinesData>;
        expect(data.total).toBeGreaterThan(0);
        expect(data.groups.some(({ frames }) => frames.some(({ func }) => func === 'main.main'))).toBe(true);
        ends.push('whole');
      }
    }
    expect(ends).toContain('part');
  });

  it('another user is told the right that is missing', async () => {
    const program = await start([]);
    const { code, stderr } = await reloadctl(['goroutines', String(program.pid), '--via', 'memory'], { uid: 65_534 });
    expect(code).toBe(3);
    expect(stderr).toMatch(/it runs as uid \d+ and we as 65534: that takes its uid or CAP_SYS_PTRACE/);
  });
});

describeNeeds(['go', 'root', 'setpriv'], 'without being root', () => {
  it('programs of the same user are read', async () => {
    const program = await start([], { through: ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '{}'] });
    const truth = await program.truth();
    const { code, stdout, stderr } = await reloadctl(['goroutines', String(program.pid), '--via', 'memory', '--list', '--json'], { uid: 65_534 });
    expect(code, stderr).toBe(0);
    expect(compare(JSON.parse(stdout) as Report<GoroutinesData>, truth, { but: moves })).toBe(truth.size - 2);
  });
});

describeNeeds(['go', 'root', 'unshare'], 'in a container', () => {
  it('the program of another root is the one that is read, also when its file is gone', async () => {
    const root = ownFolder('root');
    const path = join(root, 'app');
    copyFileSync(await buildParked(['-ldflags=-s -w'], { CGO_ENABLED: '0' }), path);
    const child = await startChild('unshare', ['--mount', '--pid', '--fork', '--kill-child', 'chroot', root, '/app', '7']);
    children.push(child);
    // Its own name for itself is that of its namespace.
    expect(JSON.parse(await child.nextLine())).toMatchObject({ pid: 1 });
    const pid = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'latin1').trim());
    rmSync(path);
    writeFileSync(path, '#!/bin/sh\n');
    const { data } = await look(pid);
    expect(data.groups.find(({ site }) => site.startsWith('main.crowd '))).toMatchObject({ count: 7, state: 'chan receive' });
  });

  it('another clock gives no other waiting times', async () => {
    const seconds = Math.floor(Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0]) / 2);
    const child = await startChild('unshare', ['--time', '--monotonic', String(-seconds), '--fork', '--kill-child', await buildParked([]), '5']);
    children.push(child);
    const { pid } = JSON.parse(await child.nextLine()) as { pid: number };
    child.say('gc');
    await child.nextLine();
    const { data } = await look(pid);
    expect(data.groups.filter(({ waitMs }) => waitMs)).toEqual([]);
  });
});

describeNeeds(['go', 'gcore'], 'a core file', () => {
  it('is read as the process was', async () => {
    const program = await start(['-ldflags=-s -w']);
    const truth = await program.truth();
    const prefix = join(ownFolder('core'), 'core');
    await run('gcore', ['-o', prefix, String(program.pid)]);
    const { stdout, stderr, code } = await reloadctl(['goroutines', `${prefix}.${program.pid}`, '--list', '--json']);
    expect(code, stderr).toBe(0);
    const report = JSON.parse(stdout) as Report<GoroutinesData>;
    expect(validate(report), JSON.stringify(validate.errors)).toBe(true);
    expect(compare(report, truth, { but: moves })).toBe(truth.size - 2);
    expect(report.coverage[0]).toMatchObject({ status: 'ok' });
    // As the kernel leaves one whose disk was full: its headers promise more than there is.
    const bytes = readFileSync(`${prefix}.${program.pid}`);
    const at = Number(bytes.readBigUInt64LE(32));
    const last = Array.from({ length: bytes.readUInt16LE(56) }, (_, index) => at + index * 56).findLast((header) => bytes.readUInt32LE(header) === 1)!;
    bytes.writeBigUInt64LE(BigInt(bytes.length), last + 32);
    writeFileSync(`${prefix}.cut`, bytes);
    const cut = JSON.parse((await reloadctl(['goroutines', `${prefix}.cut`, '--json'])).stdout) as Report<GoroutinesData>;
    expect(cut.coverage[0]).toMatchObject({ status: 'partial', detail: expect.stringMatching(/^the core file is cut: it has \S+ \S+ of /) as string });
    const other = await reloadctl(['goroutines', `${prefix}.${program.pid}`, '--binary', process.execPath]);
    expect(other).toMatchObject({ code: 2, stderr: expect.stringMatching(/no Go program|is not the program that wrote it/) as string });
  });
});

describeNeeds(['go', 'cc', 'root'], 'Go inside a program of another language', () => {
  it('is found in its library', async () => {
    const folder = ownFolder('library');
    const source = fileURLToPath(new URL('../../fixtures/programs/go-library', import.meta.url));
    const library = join(folder, 'libwaits.so');
    await run('go', ['build', '-buildmode=c-shared', '-o', library, '.'], { cwd: source, env: plainEnv({ GOFLAGS: '-buildvcs=false', CGO_ENABLED: '1' }) });
    await run('cc', ['-o', join(folder, 'main'), join(source, 'main.c'), library]);
    const child = await startChild(join(folder, 'main'), [], { env: { LD_LIBRARY_PATH: folder } });
    children.push(child);
    await child.nextLine();
    const { data } = await look(child.pid);
    expect(data.groups.find(({ site }) => site.startsWith('main.inside '))).toMatchObject({ count: 5, state: 'chan receive' });
  });
});

describeNeeds(['go', 'strace'], 'what we do to it', () => {
  it('is reading: no ptrace, no signal, nothing opened for writing', async () => {
    const program = await start([]);
    const log = join(ownFolder('strace'), 'log');
    await run('strace', ['-f', '-o', log, '-e', 'trace=open,openat,ptrace,kill,tkill,tgkill,pidfd_send_signal,pidfd_open,process_vm_writev,process_madvise,pwrite64,pwritev', process.execPath, 'bin/reloadctl.js', 'goroutines', String(program.pid)], { env: plainEnv() });
    const lines = readFileSync(log, 'utf8').split('\n');
    const own = lines.filter((line) => line.includes(`/proc/${program.pid}/`));
    expect(own.some((line) => line.includes(`/proc/${program.pid}/mem"`))).toBe(true);
    expect(own.filter((line) => /O_WRONLY|O_RDWR/.test(line))).toEqual([]);
    expect(lines.filter((line) => /\b(ptrace|process_vm_writev|process_madvise|pidfd_send_signal|pwrite64|pwritev)\(/.test(line))).toEqual([]);
    expect(lines.filter((line) => new RegExp(`\\bt?g?kill\\(${program.pid}\\b`).test(line))).toEqual([]);
  });
});

for (const name of SERVERS) {
  describeNeeds([name], name, () => {
    it('has the goroutines that its own debug=2 tells', async () => {
      const { url, child } = await startServer(name);
      children.push(child);
      const told = async (): Promise<Map<string, TrueGoroutine>> => goroutinesOf(await (await fetch(`${url}/debug/pprof/goroutine?debug=2`)).text());
      const truth = await told();
      const report = await look(child.pid, '--list');
      const after = await told();
      // Those that did something in between, and those that wrote the dumps.
      const serving = (id: string, one: TrueGoroutine): boolean => JSON.stringify(after.get(id)) !== JSON.stringify(one) || /^(running|runnable)$/.test(one.state);
      expect(compare(report, truth, { but: serving })).toBeGreaterThan(truth.size / 2);
      expect(report.findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
    });
  });
}

describeNeeds(['esbuild-of-go-versions'], 'programs of other people', () => {
  it.each([
    ['esbuild-0.16', '0.16.17', 'go1.19.4'], ['esbuild-0.19.2', '0.19.2', 'go1.20.7'], ['esbuild-0.21', '0.21.5', 'go1.20.12'], ['esbuild-0.24', '0.24.0', 'go1.23.1'],
    ['esbuild-0.25', '0.25.10', 'go1.23.12'], ['esbuild-0.27', '0.27.2', 'go1.25.5'], ['esbuild-0.28', '0.28.2', 'go1.26.5'],
  ])('%s, stripped: as SIGQUIT makes it tell', async (name, version, goVersion) => {
    const child = await startChild(join(ESBUILDS, name, 'bin/esbuild'), [`--service=${version}`, '--ping']);
    children.push(child);
    await until(() => Number(/^Threads:\t(\d+)/m.exec(readFileSync(`/proc/${child.pid}/status`, 'latin1'))?.[1]) >= 4, { what: `${name} to start` });
    const report = await look(child.pid, '--list');
    expect(report.data.goVersion).toBe(goVersion);
    process.kill(child.pid, 'SIGQUIT');
    await child.ended;
    const truth = goroutinesOf(child.stderr());
    expect(truth.size).toBeGreaterThanOrEqual(4);
    // Its timer may tick in between, and the signal wakes one.
    const moved = (_: string, { state }: TrueGoroutine): boolean => /^(running|runnable|sleep|panicwait)$/.test(state);
    expect(compare(report, truth, { but: moved, runtime: true })).toBeGreaterThanOrEqual(4);
  });
});

describeNeeds([], 'what is none', () => {
  it('a program of another language: exit 3, and its listeners are left alone', async () => {
    const child = await startChild(process.execPath, ['-e', 'console.log("up"); process.stdin.resume()']);
    children.push(child);
    await child.nextLine();
    const { code, stderr } = await reloadctl(['goroutines', String(child.pid)]);
    expect({ code, stderr }).toMatchObject({ code: 3, stderr: expect.stringContaining(`process ${child.pid} is no Go program`) as string });
  });
});

describeNeeds(STUCK_NEEDS, 'a process whose memory map is locked', () => {
  it('is given up on', async () => {
    const stuck = await startStuck('mmap');
    const { code, stderr, timedOut, durationMs } = await reloadctl(['goroutines', String(stuck.pid), '--via', 'memory']);
    await stuck.stop();
    expect({ code, timedOut }).toEqual({ code: 3, timedOut: false });
    expect(stderr).toMatch(/its memory map is locked/);
    expect(durationMs).toBeLessThan(8000);
  });
});
