/** Recordings made now, by every engine: they tell what the program did, and what /proc says of servers under load. */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import type { Report } from '../../src/report/types.ts';
import type { StraceData } from '../../src/strace/data.ts';
import { startChild } from './support/child.ts';
import { childrenOf, isCloexec, links, openFds } from './support/kernel.ts';
import { describeNeeds } from './support/need.ts';
import { compile, ownFolder, PYTHON, reloadctl } from './support/program.ts';
import { freePort } from './support/service.ts';
import { until } from './support/until.ts';

const ENTRY = join(import.meta.dirname, '../../bin/reloadctl.js');
const LEAKS = join(import.meta.dirname, '../../fixtures/programs/leaks-some.py');
const ENGINES = ['strace', 'tracefs'];

async function reportOf(args: string[], input = ''): Promise<Report<StraceData>> {
  const { stdout, stderr } = await reloadctl(['strace', ...args], { timeoutMs: 60_000, input });
  expect(stdout, stderr).toMatch(/^\{/);
  return JSON.parse(stdout) as Report<StraceData>;
}

/** Records until it is told to end. */
async function startRecording(pid: number, engine: string, args: string[] = [], folder = ownFolder('recording')): Promise<() => Promise<Report<StraceData>>> {
  const kept = join(folder, engine);
  const child = await startChild(process.execPath, [ENTRY, 'strace', '-p', String(pid), '--engine', engine, '--for', '60s', '--yes', '--json', '--tables', '--keep', kept, ...args]);
  // By its first line tracefs has looked at what was open before: what is closed before that look has flags that nobody knows.
  const isRecording = () => (engine === 'tracefs' ? existsSync(kept) && statSync(kept).size > 0 : !/^TracerPid:\t0$/m.test(readFileSync(`/proc/${pid}/status`, 'latin1')));
  await until(isRecording, { what: `a recording by ${engine}`, deadlineMs: 20_000 });
  return async () => {
    process.kill(child.pid, 'SIGINT');
    let text = '';
    for (let line = await child.nextLine().catch(() => undefined); line !== undefined; line = await child.nextLine().catch(() => undefined)) text += `${line}\n`;
    expect(text, child.stderr()).toMatch(/^\{/);
    return JSON.parse(text) as Report<StraceData>;
  };
}

/** Of TCP over IPv4: established, or closed by the other side alone. */
function hasConnections(pid: number): boolean {
  const rows = readFileSync(`/proc/${pid}/net/tcp`, 'latin1').split('\n').map((row) => row.trim().split(/\s+/));
  const inodes = new Set(rows.filter(([, , , state]) => state === '01' || state === '08').map((row) => row[9]));
  return links(pid).some((link) => inodes.has(/^socket:\[(\d+)\]$/.exec(link)?.[1]));
}

/** What was asked for last has been closed. */
async function atRest(pid: number): Promise<void> {
  let before = '';
  await until(async () => {
    const now = openFds(pid).join();
    const isSame = now === before;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 100));
    return isSame;
  }, { what: 'a table at rest', deadlineMs: 10_000 });
}

const siteOf = ({ data }: Report<StraceData>) => data.sites.filter(({ site }) => site.startsWith('openat /etc/hostname')).map(({ opened, closed, open }) => ({ opened, closed, open }));
const loud = ({ findings }: Report<StraceData>) => findings.filter(({ severity }) => severity !== 'info').map(({ id, title }) => `${id}: ${title}`);
const totals = ({ data }: Report<StraceData>) => data.sites.filter(({ call }) => call === 'openat').reduce((sum, { opened, closed }) => ({ opened: sum.opened + opened, closed: sum.closed + closed }), { opened: 0, closed: 0 });

const OPENS = '#include <fcntl.h>\n#include <unistd.h>\nstatic int __attribute__((noinline)) leaky(void) { int fd = open("/etc/hostname", O_RDONLY); __asm__ volatile("" : "+r"(fd)); return fd; }\nint main(void) { for (int i = 0; i < 50; i++) { int fd = leaky(); if (i % 10) close(fd); } return 0; }\n';

describeNeeds(['strace', 'cc'], 'strace --stacks', () => {
  it.concurrent('names the code that opens', async () => {
    const folder = ownFolder('stacks');
    writeFileSync(join(folder, 'opens.c'), OPENS);
    const built = spawnSync('cc', ['-g', '-O0', '-o', join(folder, 'opens'), join(folder, 'opens.c')], { encoding: 'utf8' });
    expect(built.status, built.stderr).toBe(0);
    const { data } = await reportOf(['--stacks', '--json', '--', join(folder, 'opens')]);
    expect(data.sites.find(({ open }) => open > 0)).toMatchObject({ site: expect.stringMatching(/^leaky \(/), opened: 50, closed: 45, open: 5 });
  });
});

/** Frame pointers are what all Go code has. */
const GO_OPENS = `package main

import ("bufio"; "fmt"; "os")

var kept []*os.File

//go:noinline
func leaky(i int) { f, _ := os.Open("/etc/hostname"); if i%10 != 0 { f.Close() } else { kept = append(kept, f) } }

func main() {
	fmt.Println(os.Getpid())
	lines := bufio.NewReader(os.Stdin)
	lines.ReadString('\\n')
	for i := 0; i < 300; i++ { leaky(i) }
	fmt.Println("done")
	lines.ReadString('\\n')
}
`;

describeNeeds(['root', 'tracefs', 'go'], 'strace --stacks --engine tracefs', () => {
  it.concurrent('names the code that opens without stopping it', async () => {
    const folder = ownFolder('go-stacks');
    writeFileSync(join(folder, 'main.go'), GO_OPENS);
    const built = spawnSync('go', ['build', '-o', join(folder, 'opens'), join(folder, 'main.go')], { encoding: 'utf8', cwd: folder });
    expect(built.status, built.stderr).toBe(0);
    const program = await startChild(join(folder, 'opens'), []);
    const pid = Number(await program.nextLine());
    const stop = await startRecording(pid, 'tracefs', ['--stacks']);
    program.say('');
    expect(await program.nextLine()).toBe('done');
    const report = await stop();
    await program.stop('SIGKILL');
    expect(report.data.sites.find(({ open }) => open > 0)).toMatchObject({ site: `main.leaky (${join(folder, 'opens')})`, opened: 300, closed: 270, open: 30 });
    expect(report.data).toMatchObject({ unclassified: 0, repairs: 0 });
    expect(report.coverage.find(({ source }) => source === 'stacks')).toMatchObject({ status: 'partial', detail: expect.stringContaining('frame pointers') });
  }, 60_000);
});

describeNeeds(['strace', 'root', 'tracefs'], 'a program that keeps 23 of 2,300 files open', () => {
  it.concurrent('is told by strace and by tracefs at once, while it runs', async () => {
    // From the first open to the last: in less than 5 s the rule has no say on what it has not seen closed, as tracefs has not.
    const program = await startChild(PYTHON, ['-S', '-E', LEAKS, '6.5', '/etc/hostname']);
    const pid = await program.nextLine();
    const folder = ownFolder('kept');
    const stops = [];
    for (const engine of ENGINES) stops.push(await startRecording(Number(pid), engine, [], folder));
    program.say('');
    expect(await program.nextLine()).toBe('done');
    const [strace, tracefs] = await Promise.all(stops.map((stop) => stop()));
    expect(siteOf(strace!)).toEqual([{ opened: 2300, closed: 2277, open: 23 }]);
    // Names of what is closed at once are not known; of what strace held up meanwhile they may be.
    expect(siteOf(tracefs!).map(({ open }) => open)).toEqual([23]);
    expect(totals(tracefs!)).toEqual({ opened: 2300, closed: 2277 });
    const truth = Object.fromEntries(openFds(Number(pid)).map((fd) => [fd, isCloexec(Number(pid), fd)]));
    for (const report of [strace!, tracefs!]) {
      expect(report.findings.map(({ id, severity }) => [id, severity])).toEqual([['strace/leak', 'warning']]);
      expect(report.data).toMatchObject({ unclassified: 0, repairs: 0, recording: { stopped: 'signal', left: [{ pid: Number(pid), tracer: 0, state: 'S' }] } });
      expect(Object.fromEntries(report.data.tables![0]!.fds.map(({ fd, cloexec }) => [fd, cloexec]))).toEqual(truth);
    }
    for (const engine of ENGINES) expect(statSync(join(folder, engine)).mode & 0o777).toBe(0o600);
    // What was kept says the same again.
    expect(siteOf(await reportOf([join(folder, 'strace'), '--json']))).toEqual([{ opened: 2300, closed: 2277, open: 23 }]);
    await program.stop();
  }, 60_000);

  it.concurrent('is recorded until its leak shows', async () => {
    const program = await startChild(PYTHON, ['-S', '-E', LEAKS, '40', '/etc/hostname']);
    const pid = await program.nextLine();
    program.say('');
    const report = await reportOf(['-p', pid, '--until-leak', '--for', '30s', '--json']);
    expect(report.data.recording!.stopped).toBe('leak');
    expect(report.findings.map(({ id, severity }) => [id, severity])).toEqual([['strace/leak', 'warning']]);
    await program.stop('SIGKILL');
  }, 60_000);

  it.concurrent.each(ENGINES)('is told by %s as our child', async (engine) => {
    const report = await reportOf(['--engine', engine, '--json', '--', PYTHON, '-S', '-E', LEAKS, '0.5', '/etc/hostname'], '\n');
    const { opened, closed } = totals(report);
    expect(opened - closed).toBe(23);
    expect(report.data).toMatchObject({ unclassified: 0, repairs: 0, recording: { engine, commandExit: 0 } });
  });
});

/** Not the stage in which threads make pipes at the same time: whose numbers are whose then no trace tells. */
const MAKES = ['files', 'objects', 'sockets', 'copies', 'children', 'programs', 'pass', 'thread-exec'];

describeNeeds(['cc', 'root', 'tracefs'], 'a program that makes descriptors of every kind, recorded by tracefs', () => {
  it.concurrent('has the tables of /proc, across fork and exec, also of a thread', async () => {
    const shapes = await startChild(await compile('fd-shapes.c'), MAKES);
    const pid = Number((await shapes.nextLine()).split(' ')[1]);
    const stop = await startRecording(pid, 'tracefs');
    for (const stage of [...MAKES.slice(1, -1), 'after']) {
      shapes.say('');
      expect((await shapes.nextLine()).split(' ')[0]).toBe(stage);
    }
    await atRest(pid);
    const report = await stop();
    for (const { pid: one, fds } of report.data.tables!) expect([one, Object.fromEntries(fds.map(({ fd, cloexec }) => [fd, cloexec]))]).toEqual([one, Object.fromEntries(openFds(one).map((fd) => [fd, isCloexec(one, fd)]))]);
    await shapes.stop();
  });
});

/** Each line it is told lets it go on: by then a socket must have been asked, and afterwards it is gone. */
const BINDS = [
  'import socket',
  'a = socket.socket(); a.bind(("127.0.0.1", 0)); a.listen()',
  'b = socket.socket(socket.AF_INET6); b.bind(("::1", 0)); b.listen()',
  'c = socket.socket(socket.AF_UNIX); c.bind("\\0reloadctl bind"); c.listen()',
  'for s in (a, b): print(s.getsockname()[1], flush=True)',
  'input()',
  'kept = [socket.create_connection(a.getsockname()), a.accept()[0]]',
].join('\n');

describeNeeds(['root', 'tracefs'], 'what a trace of the kernel does not tell', () => {
  it.concurrent('of addresses is asked of the socket, while it is open', async () => {
    const kept = join(ownFolder('addresses'), 'log');
    const recording = await startChild(process.execPath, [ENTRY, 'strace', '--engine', 'tracefs', '--keep', kept, '--', PYTHON, '-S', '-E', '-c', BINDS]);
    const [v4, v6] = [await recording.nextLine(), await recording.nextLine()];
    const log = () => readFileSync(kept, 'latin1');
    await until(() => log().split('listen(').length > 3, { what: 'three sockets that listen, in the log', deadlineMs: 20_000 });
    recording.say('');
    await recording.ended;
    expect(log()).toContain(`sin_port=htons(${v4}), sin_addr=inet_addr("127.0.0.1")}, 16) = 0`);
    expect(log()).toContain(`sin6_port=htons(${v6}), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::1", &sin6_addr)`);
    expect(log()).toContain('sun_path=@"reloadctl bind"}');
    const { data } = await reportOf([kept, '--json']);
    expect(data.sites.map(({ site }) => site)).toContain(`accept4 on 127.0.0.1:${v4}`);
  });
});

interface Server {
  command: string[];
  /** Answers when it is asked; throws or false while it does not. */
  ask: () => Promise<unknown>;
}

/** A connection for each: none is kept that the server would close at a time of its own. */
const get = (url: string) => () => new Promise((resolve, reject) => request(url, { agent: false }, (answer) => answer.resume().on('end', () => resolve(true))).on('error', reject).end());

async function nginx(): Promise<Server> {
  const dir = ownFolder('nginx');
  const port = await freePort();
  mkdirSync(join(dir, 'html'));
  writeFileSync(join(dir, 'html/index.html'), 'hello\n');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${dir}/${name};`).join(' ');
  writeFileSync(join(dir, 'nginx.conf'), `daemon off; user root; worker_processes 2; pid ${dir}/pid; error_log ${dir}/error.log;\nevents { worker_connections 256; }\nhttp { access_log ${dir}/access.log; ${temporary} server { listen 127.0.0.1:${port}; root ${dir}/html; } }\n`);
  return { command: ['nginx', '-p', dir, '-e', join(dir, 'error.log'), '-c', join(dir, 'nginx.conf')], ask: get(`http://127.0.0.1:${port}/`) };
}

async function redis(): Promise<Server> {
  const port = await freePort();
  const ask = async () => {
    const { stdout } = spawnSync('redis-cli', ['-p', String(port), 'ping'], { encoding: 'utf8' });
    if (!stdout.includes('PONG')) throw new Error('no answer');
  };
  return { command: ['redis-server', '--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', ownFolder('redis')], ask };
}

async function node(): Promise<Server> {
  const port = await freePort();
  return { command: [process.execPath, '-e', `require('http').createServer((q, s) => require('fs').readFile('/etc/hostname', (e, d) => s.end(d))).listen(${port}, '127.0.0.1')`], ask: get(`http://127.0.0.1:${port}/`) };
}

async function go(): Promise<Server> {
  const dir = ownFolder('go');
  const port = await freePort();
  writeFileSync(join(dir, 'main.go'), `package main\n\nimport (\n\t"net/http"\n\t"os"\n)\n\nfunc main() {\n\thttp.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {\n\t\tb, _ := os.ReadFile("/etc/hostname")\n\t\tw.Write(b)\n\t})\n\thttp.ListenAndServe("127.0.0.1:${port}", nil)\n}\n`);
  const built = spawnSync('go', ['build', '-o', join(dir, 'server'), join(dir, 'main.go')], { encoding: 'utf8', env: { ...process.env, CGO_ENABLED: '0' } });
  expect(built.status, built.stderr).toBe(0);
  return { command: [join(dir, 'server')], ask: get(`http://127.0.0.1:${port}/`) };
}

describeNeeds(['strace', 'root', 'nginx', 'redis-server', 'redis-cli', 'go'], 'servers under load', () => {
  it.concurrent.each([['nginx', nginx], ['redis', redis], ['node', node], ['go', go]] as const)('%s: both engines have the tables of /proc, and nothing is wrong', async (_name, make) => {
    const { command, ask } = await make();
    const server = await startChild(command[0]!, command.slice(1));
    const answers = () => ask().then(() => true, () => false);
    await until(answers, { what: command[0]!, deadlineMs: 20_000 });
    const pids = [server.pid, ...childrenOf(server.pid)];
    const pid = pids.at(-1)!;
    const stops = [];
    for (const engine of ENGINES) stops.push(await startRecording(pid, engine));
    const end = performance.now() + 1500;
    while (performance.now() < end) await Promise.all(Array.from({ length: 8 }, answers));
    // A server that gets no processor has connections of clients that are gone.
    await until(() => !hasConnections(pid), { what: 'the end of all connections', deadlineMs: 20_000 });
    await atRest(pid);
    for (const stop of stops) {
      const report = await stop();
      expect(loud(report)).toEqual([]);
      expect(report.data.unclassified).toBe(0);
      // All that is open was told of.
      expect(report.coverage.filter(({ detail }) => detail?.includes('came unseen'))).toEqual([]);
      for (const { pid: one, fds } of report.data.tables!) expect([report.data.recording!.engine, fds.map(({ fd, cloexec }) => [fd, cloexec])]).toEqual([report.data.recording!.engine, openFds(one).map((fd) => [fd, isCloexec(one, fd)])]);
      expect(report.data.recording!.left!.map(({ tracer }) => tracer)).toEqual([0]);
    }
    await server.stop('SIGTERM');
  }, 60_000);
});
