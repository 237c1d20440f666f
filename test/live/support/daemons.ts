/** nginx and haproxy as daemons, which replace themselves: they are ended by the pid file that the newest of them wrote. */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll } from 'vitest';
import { isAlive } from './kernel.ts';
import { findProgram } from './need.ts';
import { ownFolder } from './program.ts';
import { freePort } from './service.ts';
import { until } from './until.ts';

const run = promisify(execFile);

export interface Daemon {
  dir: string;
  url: string;
  pidFile: string;
  pid(): number;
}

const started: Daemon[] = [];

afterAll(async () => {
  for (const { pid } of started) {
    try {
      process.kill(pid(), 'SIGTERM');
      await until(() => !isAlive(pid()), { what: 'the end of a daemon' });
    } catch {
      // It has ended, and its pid file with it.
    }
  }
});

async function daemon(dir: string, port: number, pidFile: string): Promise<Daemon> {
  const pid = (): number => Number(readFileSync(pidFile, 'latin1'));
  await until(() => fetch(`http://127.0.0.1:${port}/`).then(() => pid() > 0, () => false), { what: `a daemon on ${port}` });
  const found = { dir, url: `http://127.0.0.1:${port}/`, pidFile, pid };
  started.push(found);
  return found;
}

/**
 * @param name what it is started as: argv[0] @param server more of the configuration of its server
 * @param more `main` of what is above that, `listen` of its `listen`
 */
export async function startNginxDaemon(name: string, server = '', { main = '', listen = '' }: { main?: string; listen?: string } = {}): Promise<Daemon> {
  const dir = ownFolder('nginx-daemon');
  const port = await freePort();
  mkdirSync(join(dir, 'html'));
  writeFileSync(join(dir, 'html/index.html'), 'hello\n');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((one) => `${one}_temp_path ${dir}/${one};`).join(' ');
  writeFileSync(join(dir, 'n.conf'), `user root; worker_processes 2; pid ${dir}/n.pid; error_log ${dir}/error.log; ${main}\nevents {}\nhttp { access_log off; keepalive_requests 100000; ${temporary}\nserver { listen 127.0.0.1:${port} ${listen}; root ${dir}/html;\n${server}\n} }\n`);
  await run('bash', ['-c', 'exec -a "$1" "$2" -p "$3" -e "$3/error.log" -c "$3/n.conf"', 'bash', name, findProgram('nginx')!, dir], { cwd: dir });
  return daemon(dir, port, join(dir, 'n.pid'));
}

/** Its reload command is in `reload`. @param more `-W`: a master that starts its workers anew at USR2 */
export async function startHaproxy(more: readonly string[] = []): Promise<Daemon & { reload: string }> {
  const dir = ownFolder('haproxy');
  const port = await freePort();
  writeFileSync(join(dir, 'h.cfg'), `global\n  stats socket ${dir}/h.sock mode 600 level admin expose-fd listeners\ndefaults\n  mode http\n  timeout connect 2s\n  timeout client 5s\n  timeout server 5s\nfrontend f\n  bind 127.0.0.1:${port}\n  http-request return status 200 content-type text/plain string hello\n`);
  const program = findProgram('haproxy')!;
  await run(program, [...more, '-D', '-f', join(dir, 'h.cfg'), '-p', join(dir, 'h.pid')]);
  const found = await daemon(dir, port, join(dir, 'h.pid'));
  return { ...found, reload: `${program} -D -f ${dir}/h.cfg -p ${dir}/h.pid -x ${dir}/h.sock -sf $(cat ${dir}/h.pid)` };
}
