/** Would it reload? Asked of real programs, of which the answer is then tried. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { PreflightData } from '../../src/preflight/data.ts';
import type { Report } from '../../src/report/index.ts';
import { compileSchema } from '../schema/support.ts';
import { startChild } from './support/child.ts';
import { describeNeeds } from './support/need.ts';
import { startNginx } from './support/nginx.ts';
import { ownFolder, reloadctl, startFactory } from './support/program.ts';
import { freePort } from './support/service.ts';
import { until } from './support/until.ts';

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
  const dir = ownFolder('preflight');
  const port = await freePort();
  mkdirSync(join(dir, 'html'));
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((one) => `${one}_temp_path ${dir}/${one};`).join(' ');
  writeFileSync(join(dir, 'n.conf'), `user root; worker_processes 1; pid ${dir}/n.pid; error_log ${dir}/error.log;\nevents {}\nhttp { access_log off; ${temporary} server { listen 127.0.0.1:${port}; } }\n`);
  const shell = await startChild('/bin/sh', ['-c', `PATH=$PATH:/usr/sbin; exec ${name} -p ${dir} -e ${dir}/error.log -c ${dir}/n.conf`], { cwd: '/' });
  await shell.ended;
  const pid = Number(await until(() => readable(join(dir, 'n.pid'))?.trim(), { what: 'the pid file of nginx' }));
  const stop = async (): Promise<void> => {
    process.kill(pid, 'SIGTERM');
    await until(() => readable(`/proc/${pid}/stat`) === undefined, { what: 'the end of nginx' });
  };
  return { pid, dir, stop };
}

function readable(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

describeNeeds(['nginx', 'root'], 'nginx', () => {
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
