/** A private nginx: own prefix, own port, two workers. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { childrenOf } from './kernel.ts';
import { ownFolder } from './program.ts';
import { type Service, startService } from './service.ts';
import { until } from './until.ts';

const WORKERS = 2;

export interface Nginx extends Service {
  /** Pids of the workers, in birth order; those that shut down after a reload included. */
  workers(): number[];
  /** SIGHUP, and waits until new workers are there and the old ones gone. */
  reload(): Promise<void>;
}

// Root's nginx would give its workers to `nobody`, who may not enter the folder everywhere.
const userLine = process.geteuid?.() === 0 ? 'user root;' : '';

function configuration(dir: string, port: number): string {
  return `${userLine}
daemon off;
worker_processes ${WORKERS};
pid ${dir}/nginx.pid;
error_log ${dir}/error.log;
events { worker_connections 256; }
http {
  access_log ${dir}/access.log;
  client_body_temp_path ${dir}/body;
  proxy_temp_path ${dir}/proxy;
  fastcgi_temp_path ${dir}/fastcgi;
  uwsgi_temp_path ${dir}/uwsgi;
  scgi_temp_path ${dir}/scgi;
  keepalive_requests 100000;
  client_header_timeout 10m;
  server {
    listen 127.0.0.1:${port};
    root ${dir}/html;
  }
}
`;
}

/** Starts it; needs `nginx` and `setpriv`. Stopped after the tests of the file. */
export async function startNginx(): Promise<Nginx> {
  const dir = ownFolder('nginx');
  mkdirSync(join(dir, 'html'));
  writeFileSync(join(dir, 'html/index.html'), 'hello\n');
  const service = await startService('nginx', dir, 'TERM', (port) => {
    writeFileSync(join(dir, 'nginx.conf'), configuration(dir, port));
    return ['-p', dir, '-e', join(dir, 'error.log'), '-c', join(dir, 'nginx.conf')];
  });
  const workers = (): number[] => childrenOf(service.pid);
  await until(() => workers().length === WORKERS, { what: 'the workers of nginx' });
  const reload = async (): Promise<void> => {
    const before = new Set(workers());
    process.kill(service.pid, 'SIGHUP');
    const replaced = (): boolean => workers().length === WORKERS && workers().every((pid) => !before.has(pid));
    await until(replaced, { what: 'new workers of nginx' });
  };
  return { ...service, workers, reload };
}
