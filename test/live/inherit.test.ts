/** What generations of real programs got from each other. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { InheritData } from '../../src/inherit/data.ts';
import type { Report } from '../../src/report/index.ts';
import { compileSchema } from '../schema/support.ts';
import { startChild } from './support/child.ts';
import { childrenOf } from './support/kernel.ts';
import { describeNeeds } from './support/need.ts';
import { startNginx } from './support/nginx.ts';
import { ownFolder, PYTHON, reloadctl } from './support/program.ts';
import { freePort } from './support/service.ts';
import { until } from './support/until.ts';

const GENERATIONS = join(import.meta.dirname, '../../fixtures/programs/generations.py');
const validate = compileSchema();

interface Compared {
  code: number | null;
  report: Report<InheritData>;
  /** Above info. */
  ids: string[];
  statuses: string[];
}

async function inherit(...args: (string | number)[]): Promise<Compared> {
  const { code, stdout, stderr } = await reloadctl(['inherit', ...args.map(String), '--json']);
  if (stdout === '') throw new Error(stderr);
  const report = JSON.parse(stdout) as Report<InheritData>;
  validate(report);
  expect(validate.errors).toBeNull();
  const ids = report.findings.filter(({ severity }) => severity !== 'info').map(({ id }) => id);
  return { code, report, ids, statuses: report.data.listeners.map(({ status }) => status) };
}

function readable(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
  });
}

describeNeeds(['nginx', 'root'], 'nginx', () => {
  it('HUP: the new worker has the listener of the old one, and nothing is wrong with it', async () => {
    const nginx = await startNginx();
    const tape = join(nginx.dir, 'gen.rctl');
    const [worker] = nginx.workers();
    expect((await reloadctl(['record', String(worker), '--full', '-o', tape])).code).toBe(0);
    await nginx.reload();
    const compared = await inherit(tape, nginx.workers()[0]!);
    expect(compared).toMatchObject({ code: 0, ids: [], statuses: ['handed-over'] });
    expect(compared.report.data).toMatchObject({ forked: true, accidental: [] });
    const pair = await inherit(...(nginx.workers() as [number, number]));
    expect(pair).toMatchObject({ code: 0, ids: [], statuses: ['handed-over'] });
    expect(pair.report.data.context.filter(({ lost }) => lost)).toEqual([]);
    await nginx.stop();
  });

  it('USR2 by its whole path: the new master has it too; both are found by their listener', async () => {
    const dir = ownFolder('generations');
    const port = await freePort();
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((one) => `${one}_temp_path ${dir}/${one};`).join(' ');
    mkdirSync(join(dir, 'html'));
    writeFileSync(join(dir, 'n.conf'), `user root; worker_processes 1; pid ${dir}/n.pid; error_log ${dir}/error.log;\nevents {}\nhttp { access_log ${dir}/access.log; ${temporary} server { listen 127.0.0.1:${port}; } }\n`);
    const starter = await startChild('/usr/sbin/nginx', ['-p', dir, '-e', join(dir, 'error.log'), '-c', join(dir, 'n.conf')]);
    await starter.ended;
    const pidFile = join(dir, 'n.pid');
    const old = Number(await until(() => readable(pidFile)?.trim(), { what: 'nginx' }));
    await until(() => childrenOf(old).length > 0, { what: 'its worker' });
    process.kill(old, 'SIGUSR2');
    const now = Number(await until(() => readable(`${pidFile}.oldbin`) && readable(pidFile)?.trim(), { what: 'the new master' }));
    await until(() => childrenOf(now).length > 0, { what: 'its worker' });
    try {
      expect(await inherit(old, now)).toMatchObject({ code: 0, ids: [], statuses: ['handed-over'] });
      const found = await inherit('--tree', old);
      expect(found.report.data).toMatchObject({ old, new: now });
      // Who may not look is told so, and the workers that it may see are not taken for the generations.
      const stranger = await reloadctl(['inherit', '--tree', String(old), '--json'], { uid: 65534 });
      expect({ code: stranger.code, report: JSON.parse(stranger.stdout) as unknown }).toMatchObject({ code: 3, report: { verdict: 'inconclusive', data: { old: null, new: null } } });
      const direct = await reloadctl(['inherit', String(old), String(now), '--json'], { uid: 65534 });
      const { coverage } = JSON.parse(direct.stdout) as Report;
      expect({ code: direct.code, sources: coverage.filter(({ status }) => status === 'denied').map(({ source }) => source) }).toMatchObject({ code: 3, sources: expect.arrayContaining(['old: context', 'new: context']) });
      const { stdout } = await reloadctl(['listen', String(old)], { uid: 65534 });
      expect(stdout).toContain('no listener seen, and not all that it holds may be read');
    } finally {
      for (const pid of [now, old]) process.kill(pid, 'SIGTERM');
      await until(() => [now, old].every((pid) => readable(`/proc/${pid}/stat`) === undefined), { what: 'the end of nginx' });
    }
  });
});

describeNeeds(['python3'], 'a server', () => {
  it('whose next generation got everything wrong: every thing is named', async () => {
    const server = await startChild(PYTHON, [GENERATIONS, 'old', ownFolder('generations')]);
    const truth = JSON.parse(await server.nextLine()) as { old: number; new: number; used: number; accidental: number[] };
    const { report, ids, statuses } = await inherit(truth.old, truth.new);
    expect(statuses).toEqual(['handed-over', 'handed-over']);
    expect(report.data.accidental.map(({ fd }) => fd)).toEqual(truth.accidental);
    expect(report.data.accidental.map(({ listening }) => listening)).toEqual([true, false]);
    const lost = new Map(report.data.context.filter((one) => one.lost).map((one) => [one.name, one.new]));
    expect(lost.get('umask')).toBe('0077');
    expect(lost.get('nice')).toBe(String(5 + Number(report.data.context.find(({ name }) => name === 'nice')?.old)));
    expect(lost.get('limit of open files')).toMatch(/^1024:/);
    expect(lost.get('ignored signals')?.split(' ')).toContain('HUP');
    expect(lost.get('blocked signals')?.split(' ')).toContain('USR2');
    expect(ids.filter((id) => id === 'reload/context-lost')).toHaveLength(4);
    expect(ids).toContain('fd/inherited');
    await server.stop();
  });

  it('that was ended and started again: a new socket, told by a tape of the old one', async () => {
    const dir = ownFolder('generations');
    const tape = join(dir, 'gen.rctl');
    const first = await startChild(PYTHON, [GENERATIONS, 'listen', '0']);
    const before = JSON.parse(await first.nextLine()) as { pid: number; port: number };
    expect((await reloadctl(['record', String(before.pid), '--full', '-o', tape])).code).toBe(0);
    await first.stop();
    const second = await startChild(PYTHON, [GENERATIONS, 'listen', String(before.port)]);
    const after = JSON.parse(await second.nextLine()) as { pid: number };
    expect(await inherit(tape, after.pid)).toMatchObject({ code: 0, ids: [], statuses: ['new-socket'] });
    // The old one has ended: only a tape can tell of it.
    const { code, stderr } = await reloadctl(['inherit', String(before.pid), String(after.pid)]);
    expect({ code, stderr }).toMatchObject({ code: 3, stderr: expect.stringContaining('no such process') });
    const elsewhere = await startChild(PYTHON, [GENERATIONS, 'listen', '0']);
    const other = JSON.parse(await elsewhere.nextLine()) as { pid: number };
    expect(await inherit(tape, other.pid)).toMatchObject({ ids: ['reload/context-lost'], statuses: ['lost'] });
    await Promise.all([second.stop(), elsewhere.stop()]);
  });

  it('compared with itself: exit 2', async () => {
    expect((await reloadctl(['inherit', String(process.pid), String(process.pid)])).code).toBe(2);
    expect((await reloadctl(['inherit', String(process.pid)])).code).toBe(2);
  });
});

describeNeeds(['haproxy'], 'haproxy', () => {
  it('-sf with -x: the socket is handed over', async () => {
    const dir = ownFolder('generations');
    const port = await freePort();
    const socket = join(dir, 'admin.sock');
    writeFileSync(join(dir, 'h.cfg'), `global\n  stats socket ${socket} mode 600 level admin expose-fd listeners\ndefaults\n  mode http\n  timeout client 5s\n  timeout server 5s\n  timeout connect 5s\nlisten a\n  bind 127.0.0.1:${port}\n  http-request return status 200\n`);
    const first = await startChild('haproxy', ['-db', '-f', join(dir, 'h.cfg')]);
    await until(() => accepts(port), { what: 'haproxy' });
    const tape = join(dir, 'gen.rctl');
    await reloadctl(['record', String(first.pid), '--full', '-o', tape]);
    const second = await startChild('haproxy', ['-db', '-f', join(dir, 'h.cfg'), '-x', socket, '-sf', String(first.pid)]);
    await first.ended;
    const { report, ids } = await inherit(tape, second.pid);
    expect(report.data.listeners.find((one) => one.port === port)).toMatchObject({ status: 'handed-over' });
    expect(ids).toEqual([]);
    await second.stop('SIGTERM');
  });
});

describeNeeds(['systemd-socket-activate', 'python3'], 'systemd-socket-activate', () => {
  it('hands its listener over by exec, as LISTEN_FDS says', async () => {
    const dir = ownFolder('generations');
    const port = await freePort();
    const tape = join(dir, 'gen.rctl');
    const activator = await startChild('systemd-socket-activate', ['-l', `127.0.0.1:${port}`, PYTHON, GENERATIONS, 'new', '3']);
    await until(() => /Listening on/.test(activator.stderr()), { what: 'the activator to listen' });
    expect((await reloadctl(['record', String(activator.pid), '--full', '-o', tape])).code).toBe(0);
    expect(await accepts(port)).toBe(true);
    await until(() => /python/.test(readable(`/proc/${activator.pid}/cmdline`) ?? '') && !/activate/.test(readable(`/proc/${activator.pid}/comm`) ?? 'activate'), { what: 'the exec' });
    await activator.nextLine();
    const { report, ids, statuses } = await inherit(tape, activator.pid);
    expect({ ids, statuses }).toEqual({ ids: [], statuses: ['handed-over'] });
    expect(report.data.accidental).toEqual([]);
    await activator.stop();
  });
});
