/** `listen` on real programs whose listeners are known. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import type { ListenData } from '../../src/listen/data.ts';
import type { Finding, Report } from '../../src/report/types.ts';
import { compileSchema } from '../schema/support.ts';
import { startChild } from './support/child.ts';
import { childrenOf } from './support/kernel.ts';
import { startGo } from './support/go.ts';
import { startLoad } from './support/load.ts';
import { describeNeeds, findProgram } from './support/need.ts';
import { startNginx } from './support/nginx.ts';
import { ownFolder, PYTHON, reloadctl, type RunOptions, startFactory, startNode } from './support/program.ts';
import { freePort } from './support/service.ts';
import { until } from './support/until.ts';

const PATIENCE = { timeout: 120_000 };
const NO_NATIVE = { env: { RELOADCTL_NO_NATIVE: '1' } };
const validate = compileSchema();

interface Listened {
  code: number | null;
  report: Report<ListenData>;
  findings: Finding[];
}

async function listen(args: (string | number)[], options: RunOptions = {}): Promise<Listened> {
  const { code, stdout } = await reloadctl(['listen', ...args.map(String), '--json'], options);
  const report = JSON.parse(stdout) as Report<ListenData>;
  validate(report);
  expect(validate.errors).toBeNull();
  return { code, report, findings: report.findings };
}

const alarms = ({ findings }: Listened): string[] => findings.filter(({ severity }) => severity !== 'info').map(({ id, title }) => `${id}: ${title}`);
const ids = ({ findings }: Listened): string[] => findings.map(({ id }) => id).sort();
const pidsOf = ({ owners }: ListenData['listeners'][number]): number[] => [...new Set(owners.map(({ pid }) => pid))].sort((a, b) => a - b);

/** Clients that stay connected and say nothing. */
async function clientsOf(port: number, count: number): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () => connect(port, '127.0.0.1').on('error', () => undefined));
  await until(() => sockets.every(({ readyState }) => readyState === 'open'), { what: 'clients to be connected' });
  return sockets;
}

describeNeeds(['python3'], 'listen: what waits', () => {
  it('tells queue, backlog and owner of each, and that nobody accepts', PATIENCE, async () => {
    const { pid, truth, stop } = await startFactory(['tcp-listen-backlog=1:queue=3:max=7', 'accept-queue-full=1', 'unix-listen=1', 'tcp-listen=1:backlog=33']);
    const seen = await listen([pid]);
    const [waiting, full, quiet] = ['tcp-listen-backlog', 'accept-queue-full', 'tcp-listen'].map((name) => seen.report.data.listeners.find(({ port }) => port === truth.facts[name]!.ports![0]));
    expect(waiting).toMatchObject({ queue: 3, backlog: 7, address: '127.0.0.1', owners: [{ pid }], reuseport: false, groupSize: 1 });
    expect(full).toMatchObject({ queue: 2, backlog: 1 });
    expect(quiet).toMatchObject({ queue: 0, backlog: 33, clipped: false });
    expect(seen.report.data.listeners.find(({ protocol }) => protocol === 'unix')).toMatchObject({ queue: 0, port: null });
    expect(ids(seen)).toEqual(['listen/accept-queue-full', 'listen/never-accepted', 'listen/overflows']);
    expect(seen.code).toBe(1);
    await stop();
  });

  it('from a tape that was watched: the counters and the longest queues of that time', PATIENCE, async () => {
    const { pid, stop } = await startFactory(['accept-queue-full=1']);
    const tape = `${ownFolder('listen')}/watched.rctl`;
    expect((await reloadctl(['record', String(pid), '--watch', '1s', '--interval', '250ms', '-o', tape])).code).toBe(0);
    await stop();
    const { report } = await listen(['--from', tape]);
    expect(report.data.listeners.map(({ queueHighest }) => queueHighest)).toEqual([2]);
    const [watched] = report.data.counters;
    expect(watched!.windowMs).toBeGreaterThanOrEqual(900);
    expect(watched!.windowMs).toBeLessThan(20_000);
    expect(Object.keys(watched!.grown)).toContain('ListenOverflows');
    expect(report.coverage.filter(({ source }) => source === 'tape')).toEqual([]);
    // The same again: a tape answers alike.
    expect((await listen(['--from', tape])).report.data).toEqual(report.data);
  });

  it('without native calls: the queue is known, its room is not, and that is said', PATIENCE, async () => {
    const { pid, truth, stop } = await startFactory(['tcp-listen-backlog=1:queue=3:max=7']);
    const seen = await listen([pid], NO_NATIVE);
    expect(seen.report.data.listeners).toMatchObject([{ port: truth.facts['tcp-listen-backlog']!.ports![0], queue: 3, backlog: null, clipped: null, reuseport: null, owners: [{ pid }] }]);
    expect(seen.report.data.addresses).toMatchObject([{ neverAccepted: 3, connections: 3, again: { stillWaiting: 3 } }]);
    expect(seen.report.coverage).toContainEqual(expect.objectContaining({ source: 'sock_diag tcp', status: 'unsupported', needed: false }));
    expect(ids(seen)).toEqual(['listen/never-accepted']);
    await stop();
  });

  it('a stopped server is certain, and told what to do', PATIENCE, async () => {
    const port = await freePort();
    const child = await startChild(PYTHON, ['-c', `import socket\ns=socket.socket();s.bind(('127.0.0.1',${port}));s.listen(16)\nprint('up',flush=True)\nwhile True: s.accept()`]);
    await child.nextLine();
    process.kill(child.pid, 'SIGSTOP');
    const clients = await clientsOf(port, 2);
    const { findings } = await listen([`:${port}`]);
    expect(findings).toMatchObject([{ id: 'listen/never-accepted', severity: 'warning', confidence: 'certain', remedy: [{ command: `kill -CONT ${child.pid}` }, {}] }]);
    for (const client of clients) client.destroy();
    process.kill(child.pid, 'SIGCONT');
    await child.stop();
  });
});

describeNeeds(['python3', 'root', 'unshare', 'ip'], 'listen: another network namespace', () => {
  it('is looked at from inside: queue, backlog, somaxconn of its own', PATIENCE, async () => {
    const folder = ownFolder('netns');
    const script = `ip link set lo up; echo 8 >/proc/sys/net/core/somaxconn; exec ${PYTHON} "$@"`;
    const factory = new URL('../../fixtures/programs/factory.py', import.meta.url).pathname;
    const child = await startChild('unshare', ['-n', 'sh', '-c', script, 'sh', factory, `--dir=${folder}`, 'tcp-listen-backlog=1:queue=6:max=8', 'accept-queue-full=1']);
    const truth = JSON.parse(await child.nextLine()) as { pid: number };
    const seen = await listen([truth.pid]);
    expect(seen.report.data.listeners.map(({ queue, backlog, somaxconn }) => [queue, backlog, somaxconn]).sort()).toEqual([[2, 1, 8], [6, 8, 8]]);
    expect(ids(seen)).toEqual(['listen/accept-queue-full', 'listen/backlog-clipped', 'listen/never-accepted', 'listen/overflows']);
    expect(seen.report.coverage.filter(({ status, needed }) => needed && status !== 'ok')).toEqual([]);
    const port = seen.report.data.listeners[0]!.port;
    expect((await listen([`:${port}`])).report.data.listeners).toMatchObject([{ port, owners: [{ pid: truth.pid }] }]);
    // We came back: ours has another somaxconn, and the other port is not in it.
    const ours = await listen([await freePort()].map((free) => `:${free}`));
    expect(ours.code).toBe(1);
    await child.stop();
  });

  it('a listener that is held from outside of its namespace is said to be there', PATIENCE, async () => {
    const { pid, stop } = await startFactory(['setns-socket=1']);
    const { code, report } = await listen([pid]);
    expect(code).toBe(3);
    expect(report.coverage).toContainEqual(expect.objectContaining({ source: 'listeners elsewhere', needed: true }));
    await stop();
  });
});

describeNeeds(['nginx', 'setpriv'], 'listen: nginx', () => {
  it('under load is silent; master and workers are one generation, after a reload too', PATIENCE, async () => {
    const nginx = await startNginx();
    const load = startLoad({ port: nginx.port, keepAlive: 30, fresh: 6, pauseMs: 5, durationMs: 60_000 });
    await until(() => load.answered() > 100, { what: 'answers' });
    for (const args of [[nginx.pid], [`:${nginx.port}`], [`${nginx.dir}/nginx.pid`, '--tree'], [`:${nginx.port}`, '--watch', '1s']]) {
      const seen = await listen(args);
      expect(alarms(seen)).toEqual([]);
      expect(seen.code).toBe(0);
      expect(seen.report.data.listeners.map(pidsOf)).toEqual([[nginx.pid, ...nginx.workers()].sort((a, b) => a - b)]);
      expect(seen.report.data.generations).toHaveLength(1);
      expect(seen.report.data.addresses[0]!.byState.ESTABLISHED).toBeGreaterThanOrEqual(20);
    }
    const before = (await listen([`:${nginx.port}`])).report.data.listeners[0]!.inode;
    await nginx.reload();
    const after = await listen([`:${nginx.port}`]);
    expect(after.report.data.listeners).toMatchObject([{ inode: before }]);
    expect(after.report.data.generations).toHaveLength(1);
    expect(alarms(after)).toEqual([]);
    await load.stop();
    await nginx.stop();
  });

  // In the foreground it takes the one who started it for an old binary that waits, and ignores the signal.
  it('an upgraded binary (USR2): one socket, two generations, no finding', PATIENCE, async () => {
    const dir = ownFolder('nginx-upgrade');
    const port = await freePort();
    const conf = `${process.geteuid?.() === 0 ? 'user root;' : ''} pid ${dir}/pid; error_log ${dir}/log; worker_processes 2; events {} http { access_log off;
      client_body_temp_path ${dir}/b; proxy_temp_path ${dir}/p; fastcgi_temp_path ${dir}/f; uwsgi_temp_path ${dir}/u; scgi_temp_path ${dir}/s;
      server { listen 127.0.0.1:${port}; } }`;
    writeFileSync(`${dir}/conf`, conf);
    const started = await startChild(findProgram('nginx')!, ['-p', dir, '-e', `${dir}/log`, '-c', `${dir}/conf`]);
    await started.ended;
    const master = Number(readFileSync(`${dir}/pid`, 'utf8'));
    try {
      // Before it has workers it does not know yet that it is a master, and forgets the signal.
      await until(() => childrenOf(master).length === 2, { what: 'the workers of nginx' });
      process.kill(master, 'SIGUSR2');
      const generations = async (): Promise<number[][]> => (await listen([`:${port}`])).report.data.generations.map(({ pids }) => pids);
      await until(async () => (await generations()).length === 2, { what: 'a second generation' });
      const seen = await listen([`:${port}`]);
      expect(seen.report.data.listeners).toHaveLength(1);
      expect(seen.report.data.generations[0]!.pids).toContain(master);
      expect(alarms(seen)).toEqual([]);
      process.kill(seen.report.data.generations[1]!.pids[0]!, 'SIGTERM');
      await until(async () => (await generations()).length === 1, { what: 'the second generation to end' });
    } finally {
      process.kill(master, 'SIGTERM');
    }
  });
});

describeNeeds([], 'listen: Node', () => {
  it('a busy server is silent', PATIENCE, async () => {
    const server = await startNode('busy-server.mjs', ['connections=40', 'seconds=60']);
    const seen = await listen([server.pid]);
    expect(alarms(seen)).toEqual([]);
    expect(seen.report.data.listeners.some(({ port }) => port === server.truth.port)).toBe(true);
    await server.stop();
  });
});

describeNeeds(['go'], 'listen: Go', () => {
  it('asks for all that somaxconn allows, and that is no finding', PATIENCE, async () => {
    const go = await startGo('healthy', 1);
    const seen = await listen([go.truth.pid]);
    expect(alarms(seen)).toEqual([]);
    expect(seen.report.data.listeners.find(({ port }) => port === go.truth.port)).toMatchObject({ queue: 0, clipped: true, owners: [{ pid: go.truth.pid }] });
    await go.stop();
  });
});

const SHARED = `
import os, socket, sys
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
s.bind(('127.0.0.1', int(sys.argv[1])))
s.listen(64)
print(os.getpid(), flush=True)
if sys.argv[2] == 'serve':
    while True:
        connection, _ = s.accept()
        connection.close()
sys.stdin.read()
`;

describeNeeds(['python3'], 'listen: SO_REUSEPORT', () => {
  it('two runs, one of which accepts nothing: its connections are found, and whose they are', PATIENCE, async () => {
    const port = await freePort();
    const old = await startChild(PYTHON, ['-c', SHARED, String(port), 'leave']);
    await old.nextLine();
    const fresh = await startChild(PYTHON, ['-c', SHARED, String(port), 'serve']);
    await fresh.nextLine();
    const clients = Array.from({ length: 40 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
    await until(async () => {
      const { listeners } = (await listen([`:${port}`])).report.data;
      return listeners.some(({ queue, owners }) => (queue ?? 0) > 5 && owners[0]?.pid === old.pid);
    }, { what: 'connections at the old one' });
    const seen = await listen([`:${port}`]);
    const found = seen.findings.find(({ id }) => id === 'listen/held-twice');
    expect(found).toMatchObject({ severity: 'warning', confidence: 'likely' });
    expect(found!.title).toContain(`(pid ${old.pid})`);
    expect(found!.title).toMatch(/leaves \d+ connections waiting$/);
    expect(seen.report.data.listeners.map(({ reuseport, groupSize }) => [reuseport, groupSize])).toEqual([[true, 2], [true, 2]]);
    for (const client of clients) client.destroy();
    await Promise.all([old.stop(), fresh.stop()]);
  });

  it('a unix socket whose path another run has bound anew: the older one is not reached, by either pid', PATIENCE, async () => {
    const path = `${ownFolder('listen')}/a.sock`;
    const bind = 'import os, socket, sys\npath = sys.argv[1]\nif os.path.exists(path): os.unlink(path)\nlistener = socket.socket(socket.AF_UNIX)\nlistener.bind(path)\nlistener.listen(5)\nprint(flush=True)\nsys.stdin.read()';
    const old = await startChild(PYTHON, ['-c', bind, path]);
    await old.nextLine();
    expect((await listen([old.pid])).findings).toEqual([]);
    const fresh = await startChild(PYTHON, ['-c', bind, path]);
    await fresh.nextLine();
    for (const { pid } of [old, fresh]) {
      expect((await listen([pid])).findings).toMatchObject([{ id: 'listen/held-twice', severity: 'info', subject: { pid: old.pid }, title: expect.stringContaining(`no connect reaches the older one, of python3 (pid ${old.pid})`) }]);
    }
    await old.stop();
    expect((await listen([fresh.pid])).report.data.addresses).toEqual([expect.not.objectContaining({ gone: true })]);
    rmSync(path);
    expect((await listen([fresh.pid])).report.data.addresses).toEqual([expect.objectContaining({ gone: true })]);
    await fresh.stop();
  });

  it('forked workers and instances that started together are silent', PATIENCE, async () => {
    const { pid, stop } = await startFactory(['reuseport=4']);
    expect((await listen([pid])).findings).toEqual([]);
    await stop();
    const port = await freePort();
    const pair = await Promise.all([1, 2].map(() => startChild(PYTHON, ['-c', SHARED, String(port), 'serve'])));
    for (const child of pair) await child.nextLine();
    expect((await listen([`:${port}`])).findings).toEqual([]);
    for (const child of pair) await child.stop();
  });
});

describeNeeds(['python3'], 'listen: held by accident', () => {
  it('names the program that got the listener by an exec, by pid and by port', PATIENCE, async () => {
    const { pid, truth, stop } = await startFactory(['inherit-listener=1']);
    const port = truth.facts['inherit-listener']!.ports![0]!;
    for (const target of [pid, `:${port}`]) {
      const seen = await listen([target]);
      expect(seen.findings).toMatchObject([{ id: 'fd/inherited', severity: 'warning' }]);
      expect(seen.report.data.listeners.find((each) => each.port === port)!.owners.map(({ comm }) => comm).sort()).toEqual(['python3', 'sleep']);
    }
    await stop();
  });
});

describeNeeds(['systemd-socket-activate'], 'listen: socket activation', () => {
  it('a listener that was handed over is silent', PATIENCE, async () => {
    const port = await freePort();
    const program = "import socket,os\ns=socket.socket(fileno=3)\nprint('up',flush=True)\nwhile True:\n c,_=s.accept(); c.close()";
    const child = await startChild('systemd-socket-activate', ['-l', `127.0.0.1:${port}`, PYTHON, '-c', program]);
    await until(async () => (await listen([`:${port}`])).report.data.listeners.length === 1, { what: 'the activator to listen' });
    connect(port, '127.0.0.1').on('error', () => undefined).on('close', () => undefined).resume();
    await child.nextLine();
    const seen = await listen([`:${port}`]);
    expect(seen.findings).toEqual([]);
    expect(seen.report.data.listeners).toMatchObject([{ owners: [{ pid: child.pid, fd: 3 }] }]);
    await child.stop();
  });
});

describeNeeds(['python3'], 'listen: input', () => {
  it('a port nobody listens on: exit 1 and the nearest', PATIENCE, async () => {
    const { truth, stop } = await startFactory(['tcp-listen=1']);
    const port = truth.facts['tcp-listen']!.ports![0]!;
    const near = port === 65535 ? port - 1 : port + 1;
    const { code, report } = await listen([`:${near}`]);
    expect({ code, verdict: report.verdict }).toEqual({ code: 1, verdict: 'fail' });
    expect(report.data.listeners).toEqual([]);
    expect(report.data.nearest!.map((each) => each.port)).toContain(port);
    await stop();
  });

  it.each([[[':0'], 2], [[':70000'], 2], [['4194303'], 3], [['--watch', '0s'], 2], [['--watch', '2d'], 2]] as const)('%j: exit %i', async (args, code) => {
    const run = await reloadctl(['listen', ...args]);
    expect(run.code).toBe(code);
    expect(run.stderr).toMatch(/^reloadctl: /);
  });

  it('names of unix sockets are hostile text', PATIENCE, async () => {
    const folder = ownFolder('hostile');
    const program = `import socket,sys\ns=socket.socket(socket.AF_UNIX)\ns.bind('${folder}/a\\x1b[31m\\nTCP 1')\ns.listen(3)\nprint('up',flush=True)\nsys.stdin.read()`;
    const child = await startChild(PYTHON, ['-c', program]);
    await child.nextLine();
    const { code, stdout } = await reloadctl(['listen', String(child.pid)]);
    expect(code).toBe(0);
    expect(stdout).not.toMatch(/\x1b|^TCP 1/m);
    expect(stdout).toContain('/a');
    await child.stop();
  });

  it('as nobody: what may be told is, the rest is in the coverage', PATIENCE, async () => {
    const { pid, truth, stop } = await startFactory(['tcp-listen=1']);
    if (process.geteuid?.() !== 0) return stop();
    const port = truth.facts['tcp-listen']!.ports![0]!;
    const { code, report } = await listen([`:${port}`], { uid: 65534 });
    expect(code).toBe(0);
    expect(report.data.listeners).toMatchObject([{ port, owners: [], backlog: 128 }]);
    expect(report.coverage).toContainEqual(expect.objectContaining({ source: 'holders of listeners', status: 'partial', fix: expect.stringMatching(/^sudo /) }));
    const held = await listen([pid], { uid: 65534 });
    expect(held.code).toBe(3);
    return stop();
  });
});
