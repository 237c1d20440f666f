/** Would it reload? Asked of real programs, of which the answer is then tried. */
import { chmodSync, closeSync, copyFileSync, mkdirSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PreflightData } from '../../src/preflight/data.ts';
import type { Report } from '../../src/report/index.ts';
import { compileSchema } from '../schema/support.ts';
import { plainEnv, startChild } from './support/child.ts';
import { startServer } from './support/go.ts';
import { childrenOf } from './support/kernel.ts';
import { describeNeeds } from './support/need.ts';
import { startNginx } from './support/nginx.ts';
import { ownFolder, reloadctl, startFactory } from './support/program.ts';
import { freePort } from './support/service.ts';
import { until } from './support/until.ts';

const ENTRY = join(import.meta.dirname, '../../bin/reloadctl.js');
const validate = compileSchema();

async function preflight(...args: string[]): Promise<{ code: number | null; report: Report<PreflightData>; ids: string[] }> {
  const { code, stdout } = await reloadctl(['preflight', ...args, '--json']);
  const report = JSON.parse(stdout) as Report<PreflightData>;
  validate(report);
  expect(validate.errors).toBeNull();
  return { code, report, ids: report.findings.map(({ id }) => id) };
}

/**
 * nginx by the name it is started with, which `sh` looks up in PATH. As a daemon: with `daemon off` it ignores USR2, since its parent
 * is still there (src/os/unix/ngx_process.c).
 */
async function startedAs(name: string) {
  const dir = await configured();
  const shell = await startChild('/bin/sh', ['-c', `PATH=$PATH:/usr/sbin; exec ${name} -p ${dir} -e ${dir}/error.log -c ${dir}/n.conf`], { cwd: '/' });
  await shell.ended;
  const pid = Number(await until(() => readable(join(dir, 'n.pid'))?.trim(), { what: 'the pid file of nginx' }));
  const stop = async (): Promise<void> => {
    process.kill(pid, 'SIGTERM');
    await until(() => readable(`/proc/${pid}/stat`) === undefined, { what: 'the end of nginx' });
  };
  return { pid, dir, stop };
}

/** A folder with the configuration of an nginx, `n.conf`, that writes its pid to `n.pid`. */
async function configured(): Promise<string> {
  const dir = ownFolder('preflight');
  const port = await freePort();
  mkdirSync(join(dir, 'html'));
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((one) => `${one}_temp_path ${dir}/${one};`).join(' ');
  writeFileSync(join(dir, 'n.conf'), `user root; worker_processes 1; pid ${dir}/n.pid; error_log ${dir}/error.log;\nevents {}\nhttp { access_log off; ${temporary} server { listen 127.0.0.1:${port}; } }\n`);
  return dir;
}

function readable(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

describeNeeds(['etcd', 'prometheus', 'root'], 'a Go program, whose runtime catches every signal', () => {
  it.each([['etcd', 1, ['preflight/signal-kills'], false], ['prometheus', 0, [], true]] as const)('%s', async (name, expected, findings, asked) => {
    const { child } = await startServer(name);
    const { code, report, ids } = await preflight(String(child.pid), '--signal', 'HUP');
    expect({ code, ids, asked: report.data.signal?.asked }).toEqual({ code: expected, ids: findings, asked });
    expect(report.coverage.some(({ source }) => source === 'handler')).toBe(false);
    // So it is.
    process.kill(child.pid, 'SIGHUP');
    if (asked) await until(() => child.stderr().includes('Completed loading of configuration file'), { what: 'prometheus to reload' });
    else await child.ended;
    await child.stop();
  });
});

describeNeeds(['nginx', 'root', 'unshare'], 'nginx', () => {
  it('started by its bare name: red for USR2, green for HUP; and so it is', async () => {
    const nginx = await startedAs('nginx');
    try {
      const { code, report, ids } = await preflight(String(nginx.pid), '--signal', 'USR2', '--pid-file', join(nginx.dir, 'n.pid'));
      expect({ code, ids }).toEqual({ code: 1, ids: ['preflight/binary-unresolvable'] });
      expect(report.findings[0]).toMatchObject({ severity: 'critical', confidence: 'certain' });
      expect(report.data).toMatchObject({ program: 'nginx', effect: 'exec', binary: { argument: 'nginx', by: 'cwd', path: null, exe: expect.stringMatching(/nginx$/) }, pidFiles: [{ pid: nginx.pid, matches: true }] });
      expect(await preflight(String(nginx.pid), '--signal', 'HUP')).toMatchObject({ code: 0, ids: [] });
      process.kill(nginx.pid, 'SIGUSR2');
      await until(() => /execve\(\) failed while executing new binary process/.test(readable(join(nginx.dir, 'error.log')) ?? ''), { what: 'nginx to fail as foretold' });
    } finally {
      await nginx.stop();
    }
  });

  it('started by its whole path: green; by name and by pid file it is the master that is asked', async () => {
    const nginx = await startedAs('/usr/sbin/nginx');
    try {
      const { code, report, ids } = await preflight(join(nginx.dir, 'n.pid'), '--signal', 'USR2');
      expect({ code, ids }).toEqual({ code: 0, ids: [] });
      expect(report.data).toMatchObject({ pid: nginx.pid, binary: { by: 'path', sameAsRunning: true, executable: true }, signal: { name: 'USR2', caught: true, blocked: false } });
      expect(report.data.processes.length).toBe(2);
    } finally {
      await nginx.stop();
    }
  });

  it('of the test suite, with two workers: a worker is asked as itself', async () => {
    const nginx = await startNginx();
    const [worker] = nginx.workers();
    expect((await preflight(String(worker), '--signal', 'USR2')).report.data.processes).toEqual([worker]);
    await nginx.stop();
  });

  it('in the foreground it ignores USR2, and so it is told, also from a tape', async () => {
    const nginx = await startNginx();
    const tape = join(nginx.dir, 'n.rctl');
    const { code, report } = await preflight(String(nginx.pid), '--signal', 'USR2');
    expect({ code, findings: report.findings.map(({ id, title }) => ({ id, title })) }).toEqual({ code: 1, findings: [{ id: 'preflight/signal-blocked', title: expect.stringContaining('foreground') }] });
    expect(await preflight(String(nginx.pid), '--signal', 'HUP')).toMatchObject({ code: 0, ids: [] });
    expect((await reloadctl(['record', String(nginx.pid), '-o', tape])).code).toBe(0);
    const taped = await preflight('--from', tape, '--signal', 'USR2');
    expect(taped).toMatchObject({ code: 1, ids: ['preflight/signal-blocked'] });
    expect(taped.report.coverage.filter(({ status, source }) => source === 'tape' && status !== 'ok')).toEqual([]);
    expect(taped.report.data.processes).toEqual(report.data.processes);
    process.kill(nginx.pid, 'SIGUSR2');
    await until(() => /changing binary signal is ignored/.test(readable(join(nginx.dir, 'error.log')) ?? ''), { what: 'nginx to ignore it as foretold' });
    await nginx.stop();
  });

  // A container that a runtime started without a session of its own, or CI: who is in it has session 0.
  it.each([[false, 1, ['preflight/signal-blocked certain']], [true, 0, []]])('where the session began outside of the pid namespace (as an orphan of that: %s)', async (orphan, code, claims) => {
    const dir = await configured();
    const start = `/usr/sbin/nginx -p ${dir} -e ${dir}/error.log -c ${dir}/n.conf -g 'daemon off;' &`;
    const inside = `${orphan ? `sh -c "${start}";` : start} while [ ! -s ${dir}/n.pid ]; do sleep 0.05; done; "$1" "$2" preflight ${dir}/n.pid --signal USR2 --json; code=$?; kill -TERM $(cat ${dir}/n.pid); exit $code`;
    const { stdout, status } = spawnSync('unshare', ['-pf', '--mount-proc', 'sh', '-c', `sh -c "$0" sh "$1" "$2"; exit $?`, inside, process.execPath, ENTRY], { encoding: 'utf8', env: plainEnv() });
    const { findings } = JSON.parse(stdout) as Report<PreflightData>;
    expect([status, findings.map(({ id, confidence }) => `${id} ${confidence}`)]).toEqual([code, claims]);
  });
});

describeNeeds(['python3'], 'signals', () => {
  it.each([
    ['none', [], 'HUP', 1, ['preflight/signal-kills']],
    ['caught', ['signals=catch:HUP'], 'HUP', 0, []],
    ['ignored', ['signals=ignore:USR2'], 'USR2', 1, ['preflight/signal-blocked']],
    ['blocked', ['signals=block:USR2'], 'USR2', 1, ['preflight/signal-blocked']],
    ['waited for', ['signals=sigwait:HUP'], 'HUP', 0, []],
    ['caught by another thread', ['signals=other-thread:HUP'], 'HUP', 0, []],
  ] as const)('%s', async (_name, make, signal, code, ids) => {
    const factory = await startFactory([...make]);
    expect(await preflight(String(factory.pid), '--signal', signal)).toMatchObject({ code, ids: [...ids] });
    await factory.stop();
  });

  it('a process that does not exist: exit 3; a word that is no signal: exit 2, with the nearest', async () => {
    expect((await reloadctl(['preflight', '4194303', '--signal', 'HUP'])).code).toBe(3);
    const { code, stderr } = await reloadctl(['preflight', String(process.pid), '--signal', 'USR3']);
    expect(code).toBe(2);
    expect(stderr).toContain('did you mean USR');
  });
});

describeNeeds(['haproxy'], 'haproxy', () => {
  it('without a master makes nothing of HUP; with one its worker is not the one to signal, and its master holds what the worker listens on', async () => {
    const dir = ownFolder('preflight');
    writeFileSync(join(dir, 'h.cfg'), `global\n  stats socket ${dir}/admin.sock mode 600 level admin expose-fd listeners\ndefaults\n  mode http\n  timeout client 5s\n  timeout server 5s\n  timeout connect 5s\nlisten a\n  bind 127.0.0.1:${await freePort()}\n  http-request return status 200\n`);
    const alone = await startChild('haproxy', ['-db', '-f', join(dir, 'h.cfg')]);
    await until(() => /SigCgt:\t[0-9a-f]*[13579bdf]\n/.test(readable(`/proc/${alone.pid}/status`) ?? ''), { what: 'haproxy' });
    expect(await preflight(String(alone.pid), '--signal', 'HUP')).toMatchObject({ code: 1, ids: ['preflight/signal-blocked'] });
    expect(await preflight(String(alone.pid), '--signal', 'USR1')).toMatchObject({ code: 1, ids: ['preflight/signal-kills'] });
    await alone.stop('SIGTERM');
    const master = await startChild('haproxy', ['-db', '-W', '-f', join(dir, 'h.cfg')]);
    const worker = await until(() => childrenOf(master.pid)[0], { what: 'its worker' });
    expect(await until(async () => {
      const asked = await preflight(String(worker), '--signal', 'USR2');
      return asked.ids.length > 0 ? asked : undefined;
    }, { what: 'the worker to be seen as one' })).toMatchObject({ code: 1, ids: ['preflight/signal-blocked'] });
    expect((await preflight(String(master.pid), '--signal', 'USR2')).report.data).toMatchObject({ effect: 'exec', processes: [master.pid, worker] });
    await master.stop('SIGTERM');
  });
});

describe('a file in the place of what runs', () => {
  it('is told as rename(2) and execve(2) have it', async () => {
    const dir = ownFolder('swap');
    const program = join(dir, 'server');
    copyFileSync('/bin/sleep', program);
    const child = await startChild(program, ['60']);
    const elsewhere = mkdtempSync('/dev/shm/reloadctl-test-');
    try {
      const made = (name: string, mode: number, from = '/bin/true'): string => {
        copyFileSync(from, name);
        chmodSync(name, mode);
        return name;
      };
      const asked = async (file: string) => {
        const { code, report, ids } = await preflight(String(child.pid), '--replace', file);
        return { code, ids, sameFilesystem: report.data.swap?.sameFilesystem };
      };
      const near = made(join(dir, 'new'), 0o755);
      expect(await asked(near)).toEqual({ code: 0, ids: [], sameFilesystem: true });
      expect(await asked(made(join(dir, 'bare'), 0o644))).toMatchObject({ code: 1, ids: ['preflight/swap-unusable'] });
      expect(await asked(made(join(dir, 'empty'), 0o755, '/dev/null'))).toMatchObject({ code: 1, ids: ['preflight/swap-unusable'] });
      expect(await asked(join(dir, 'nothing'))).toMatchObject({ code: 1, ids: ['preflight/swap-unusable'] });
      const writing = openSync(near, 'r+');
      expect((await preflight(String(child.pid), '--replace', near)).report.data.swap?.writers).toEqual([process.pid]);
      closeSync(writing);
      const far = made(join(elsewhere, 'new'), 0o755);
      expect(await asked(far)).toEqual({ code: 0, ids: ['preflight/swap-not-atomic'], sameFilesystem: false });
      expect(() => renameSync(far, program)).toThrow('EXDEV');
      expect(() => writeFileSync(program, 'x')).toThrow('ETXTBSY');
      renameSync(near, program);
      expect((await preflight(String(child.pid), '--replace', program)).report.data.swap?.target).toBe(program);
    } finally {
      rmSync(elsewhere, { recursive: true });
      await child.stop('SIGTERM');
    }
  });
});
