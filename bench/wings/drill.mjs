/** The load of `drill`: does it hold its schedule, and in how much memory? Against nginx, which is reloaded meanwhile. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const RATE = 1000;
const POOLED = 200;
const MOST_SLIP_MS = 5;
const MOST_MIB = 150;
// Each for a minute: what grows has grown by then, and reloads, in which requests wait, are what makes the peak.

export async function benchDrill(stage) {
  const { checks, smoke, folder, say } = stage;
  if (spawnSync('nginx', ['-v'], { stdio: 'ignore' }).error) {
    say('drill: nginx is not installed');
    return;
  }
  const dir = join(folder, 'drill');
  mkdirSync(join(dir, 'html'), { recursive: true });
  writeFileSync(join(dir, 'html/index.html'), 'hello\n');
  const port = await freePort();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((one) => `${one}_temp_path ${dir}/${one};`).join(' ');
  writeFileSync(join(dir, 'n.conf'), `${process.geteuid() === 0 ? 'user root;' : ''} daemon off; worker_processes 1; pid ${dir}/n.pid; error_log ${dir}/error.log;\nevents { worker_connections 4096; }\nhttp { access_log off; keepalive_requests 1000000; ${temporary} server { listen 127.0.0.1:${port}; root ${dir}/html; } }\n`);
  const nginx = spawn('nginx', ['-p', dir, '-e', join(dir, 'error.log'), '-c', join(dir, 'n.conf')], { stdio: 'ignore' });
  try {
    await answers(port);
    const scenario = `drill, ${RATE} new connections and ${POOLED} kept requests a second, nginx on the other core`;
    const { forms } = stage.contestants;
    for (const name of ['single', 'node', 'node24']) {
      if (!forms[name]) continue;
      const report = join(dir, `${name}.json`);
      const own = ['drill', '--http', `http://127.0.0.1:${port}/`, '--pid', String(nginx.pid), '--signal', 'HUP', '--times', smoke ? '1' : '8', '--control', smoke ? '2s' : '30s', '--rest', smoke ? '500ms' : '2s', '--rate', String(RATE), '--pooled-rate', String(POOLED), '--yes', '--format', `json=${report}`];
      process.env.XDG_STATE_HOME = dir;
      // 3 is INVALID, on a machine that is busy: its figures say so themselves.
      const costs = await stage.run({ [name]: ['sh', '-c', '"$@"; code=$?; [ $code = 3 ] && exit 0; exit $code', 'sh', ...forms[name], ...own] }, scenario, 1);
      const { data } = JSON.parse(readFileSync(report, 'utf8'));
      checks.value(scenario, `${name}, schedule slip p99`, data.client.slipP99Ms, smoke ? undefined : MOST_SLIP_MS, ' ms');
      checks.value(scenario, `${name}, load that was sent`, 100 * data.client.achieved, undefined, ' %');
      const peak = Math.max(...costs[name].map(({ peakKiB }) => peakKiB ?? 0)) / 1024;
      if (peak > 0) checks.value(scenario, `${name}, memory`, peak, smoke ? undefined : MOST_MIB, ' MiB');
    }
  } finally {
    nginx.kill('SIGTERM');
  }
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function answers(port) {
  for (let tries = 0; tries < 500; tries++) {
    const isThere = await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
    if (isThere) return;
    await sleep(10);
  }
  throw new Error('nginx does not answer');
}
