/** The whole page about programs whose health is known: busy and well, nothing above `info`; with one planted fault, that fault first. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import type { IncidentData } from '../../src/incident/types.ts';
import type { Report } from '../../src/report/index.ts';
import { compileSchema } from '../schema/support.ts';
import { startChild } from './support/child.ts';
import { startGo, startServer } from './support/go.ts';
import { startLoad } from './support/load.ts';
import { describeNeeds, findProgram } from './support/need.ts';
import { startNginx } from './support/nginx.ts';
import { ownFolder, PYTHON, reloadctl, type RunOptions, startNode } from './support/program.ts';
import { startRedis } from './support/redis.ts';
import { freePort } from './support/service.ts';
import { until } from './support/until.ts';

const validate = compileSchema();

interface Seen {
  code: number | null;
  report: Report<IncidentData>;
  alarms: string[];
  stderr: string;
}

async function report(args: (string | number)[], options: RunOptions = {}): Promise<Seen> {
  const { code, stdout, stderr } = await reloadctl(['report', ...args.map(String), '--json'], { timeoutMs: 60_000, ...options });
  expect(stdout, stderr).toMatch(/^\{.*\}\n$/s);
  const parsed = JSON.parse(stdout) as Report<IncidentData>;
  validate(parsed);
  expect(validate.errors).toBeNull();
  return { code, report: parsed, stderr, alarms: parsed.findings.filter(({ severity }) => severity !== 'info').map(({ id, severity, title }) => `${severity} ${id}: ${title}`) };
}

/** As full as it would be after a leak: below the limit every number is taken. */
function fill(pid: number): void {
  const numbers = new Set(readdirSync(`/proc/${pid}/fd`).map(Number));
  let open = 4;
  while (numbers.has(open)) open++;
  const { uid, gid } = statSync(`/proc/${pid}`);
  execFileSync('setpriv', [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', 'prlimit', '--pid', String(pid), `--nofile=${open}:`]);
}

async function wellThenSick({ args, plant, finds }: Server): Promise<Seen> {
  const well = await report(args);
  expect([well.alarms, well.code, well.report.verdict]).toEqual([[], 0, 'pass']);
  await plant();
  const tape = join(ownFolder('tape'), 'sick.rctl');
  const [sick, { stderr }] = await Promise.all([report(args), reloadctl(['record', ...args.map(String), '-q', '-o', tape], { timeoutMs: 120_000 })]);
  expect(sick.report.findings[0]?.id).toBe(finds);
  expect(sick.alarms.length).toBeGreaterThan(0);
  // Who cannot open anything may give up, as etcd does.
  if (existsSync(tape) || existsSync(`/proc/${args[0]}`)) await expectSameOnTape(tape, sick, stderr);
  return well;
}

/** What a tape without names tells; for how long threads waited is not on one of a single look. */
async function expectSameOnTape(tape: string, live: Seen, stderr: string): Promise<void> {
  expect(existsSync(tape), stderr).toBe(true);
  const taped = await report(['--from', tape]);
  const told = ({ report: { findings } }: Seen): string[] => findings.filter(({ id, severity }) => severity !== 'info' && !id.startsWith('task/')).map(({ id, severity, confidence }) => `${severity} ${id} ${confidence}`);
  expect(told(taped)).toEqual(told(live));
}

/** Each starts, is at work, gets one fault, and stops. */
interface Server {
  args: (string | number)[];
  plant(): unknown;
  finds: string;
  stop(): Promise<unknown>;
}

async function nginxAtWork(): Promise<Server & { master: number; port: number }> {
  const nginx = await startNginx();
  const worker = nginx.workers()[0]!;
  const open = (): number => readdirSync(`/proc/${worker}/fd`).length;
  const idle = open();
  const load = startLoad({ port: nginx.port, keepAlive: 20, fresh: 4, pauseMs: 5, durationMs: 60_000 });
  await until(() => load.answered() > 50, { what: 'answers' });
  // Nobody knocks any more where nothing can be accepted: it would try for ever.
  const plant = async (): Promise<void> => {
    await load.stop();
    // What the clients left is closed when it is noticed.
    await until(() => open() <= idle, { what: 'connections to be closed' });
    fill(worker);
  };
  return { args: [nginx.pid, '--tree'], plant, finds: 'fd/near-limit', master: nginx.pid, port: nginx.port, stop: nginx.stop };
}

async function redisAtWork(): Promise<Server> {
  const redis = await startRedis();
  const client = connect(redis.port, '127.0.0.1', () => client.write('PING\r\n'));
  client.on('data', () => setTimeout(() => client.write('PING\r\n'), 5)).on('error', () => undefined);
  return { args: [redis.pid], plant: () => fill(redis.pid), finds: 'fd/near-limit', stop: () => redis.stop().then(() => client.destroy()) };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(Boolean(socket.destroy())));
    socket.on('error', () => resolve(false));
  });
}

async function postgresAtWork(): Promise<Server> {
  const tools = dirname(realpathSync(findProgram('postgres')!));
  const folder = ownFolder('postgres');
  execFileSync('chown', ['postgres', folder]);
  const as = ['--reuid=postgres', '--regid=postgres', '--clear-groups'];
  execFileSync('setpriv', [...as, `${tools}/initdb`, '-D', `${folder}/data`, '-U', 'test', '-A', 'trust', '-N'], { stdio: 'ignore' });
  const port = await freePort();
  const child = await startChild('setpriv', ['--pdeathsig', 'TERM', ...as, `${tools}/postgres`, '-D', `${folder}/data`, '-h', '127.0.0.1', '-p', String(port), '-k', folder, '-F', '-c', 'max_connections=10'], { cwd: folder });
  await until(() => accepts(port), { what: 'postgres to accept' });
  const knocking: Socket[] = [];
  const plant = async (): Promise<void> => {
    process.kill(child.pid, 'SIGSTOP');
    for (let number = 0; number < 300; number++) knocking.push(connect(port, '127.0.0.1').on('error', () => undefined));
    await until(() => knocking.filter(({ connecting }) => !connecting).length > 10, { what: 'a queue' });
  };
  const stop = async (): Promise<void> => {
    for (const socket of knocking) socket.destroy();
    process.kill(child.pid, 'SIGCONT');
    await child.stop('SIGINT');
  };
  return { args: [child.pid, '--tree'], plant, finds: 'listen/accept-queue-full', stop };
}

async function etcdAtWork(): Promise<Server> {
  const { child } = await startServer('etcd');
  return { args: [child.pid], plant: () => fill(child.pid), finds: 'fd/near-limit', stop: () => child.stop('SIGTERM') };
}

describeNeeds(['nginx', 'redis-server', 'etcd', 'postgres', 'setpriv', 'prlimit', 'root'], 'report: servers at work', () => {
  it('nothing; and what is planted first; on a tape without names the same', { timeout: 400_000 }, async () => {
    const servers = await Promise.all([nginxAtWork(), redisAtWork(), postgresAtWork(), etcdAtWork()]);
    const [nginx, redis, postgres, etcd] = await Promise.all(servers.map(wellThenSick));
    expect(nginx!.report.data.joined.listeners).toEqual([expect.objectContaining({ port: servers[0].port, generations: [expect.objectContaining({ pids: expect.arrayContaining([servers[0].master]) })] })]);
    for (const { report: { data } } of [nginx!, redis!, postgres!]) expect(data.skipped.map(({ part }) => part)).toEqual(expect.arrayContaining(['goroutines', 'node']));
    expect(etcd!.report.data.parts.goroutines).toHaveLength(1);
    for (const { stop } of servers) await stop();
  });
});

describeNeeds(['go'], 'report: a Go program', () => {
  it('at work: nothing, and its listener belongs to a place in its code', async () => {
    const { truth, stop } = await startGo('healthy', 50);
    const { alarms, report: well, code } = await report([truth.pid]);
    expect([alarms, code]).toEqual([[], 0]);
    expect(well.data.joined.holders.some(({ by, byState }) => by === 'goroutines' && (byState.LISTEN ?? 0) > 0)).toBe(true);
    await stop();
  });

  it('whose goroutines lock each other out: that first', async () => {
    const { truth, stop } = await startGo('ab-ba', 20);
    const { report: seen, code } = await report([truth.pid]);
    expect(seen.findings[0]).toMatchObject({ id: 'goroutine/lock-cycle', severity: 'warning' });
    expect([code, seen.data.parts.goroutines![0]!.pid]).toEqual([0, truth.pid]);
    await stop();
  });
});

it('report: a Node server at work: nothing; its handles are told to be had by a signal only', async () => {
  const { pid, stop } = await startNode('busy-server.mjs', ['connections=30', 'pause=2']);
  const { alarms, code, report: well } = await report([pid]);
  expect([alarms, code]).toEqual([[], 0]);
  expect(well.coverage.find(({ source }) => source === 'handles of Node')).toMatchObject({ status: 'absent', fix: `reloadctl node ${pid}`, needed: false });
  await stop();
});

it('report: a Node server that leaks: that first; each listed once', async () => {
  const { pid, stop } = await startNode('leak-server.mjs', ['count=40']);
  const { report: seen } = await report([pid]);
  expect(seen.findings.slice(0, 2).map(({ id }) => id).sort()).toContain('socket/close-wait');
  const names = seen.findings.map(({ id, subject, fingerprint }) => `${id} ${subject.key} ${fingerprint}`);
  expect(new Set(names).size).toBe(names.length);
  await stop();
});

describeNeeds(['python3'], 'report: who cannot be seen whole', () => {
  it('a process that ends in the middle: what was seen, and exit 3', async () => {
    const child = await startChild(PYTHON, ['-c', 'print("ready", flush=True)\nimport sys\nsys.stdin.read()']);
    await child.nextLine();
    const running = report([child.pid]);
    // The threads are looked at for two seconds: by then the descriptors have been seen.
    setTimeout(() => void child.stop(), 1200);
    const { code, report: seen, alarms } = await running;
    expect([code, alarms]).toEqual([3, []]);
    expect(seen.data.parts.fds?.open).toBeGreaterThan(2);
    expect(seen.coverage.find(({ source, needed }) => source === 'processes' && needed)).toMatchObject({ detail: expect.stringMatching(/ended|is gone/) });
  });

  it('no such process: exit 3; of another user: what may be seen, exit 3', async () => {
    const gone = await reloadctl(['report', '4194303', '--json']);
    expect([gone.code, JSON.parse(gone.stdout).data.parts]).toEqual([3, {}]);
  });
});
