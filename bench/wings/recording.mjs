/** `strace -p` and `strace -- COMMAND`: what a recorded program pays per system call, a recorded server in requests; what we cost ourselves. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from '../measure.mjs';

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const has = (program) => spawnSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' }).status === 0;

function compile(folder) {
  const output = join(folder, 'calls');
  const source = fileURLToPath(new URL('../calls.c', import.meta.url));
  return spawnSync('cc', ['-O1', '-o', output, source], { stdio: 'ignore' }).status === 0 ? output : undefined;
}

/** ns per call in the best tenth of a second: what else the machine has to do is in the others. */
function nsOf(command, folder) {
  const { stdout } = spawnSync(command[0], command.slice(1), { encoding: 'utf8', cwd: folder, maxBuffer: 1 << 26 });
  return Math.min(...stdout.split('\n').filter((line) => /^\d+\.\d /.test(line)).map((line) => Number.parseFloat(line)));
}

/** CPU of a process in ms, and its memory in MiB. */
function costOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1).split(' ');
  return { cpuMs: (Number(stat[11]) + Number(stat[12])) * 10, mib: Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) / 1024 };
}

/** /proc/PID/schedstat: time on a processor. */
const ranNs = (pid) => Number(readFileSync(`/proc/${pid}/schedstat`, 'latin1').split(' ')[0]);

function isTracing(pid) {
  const root = '/sys/kernel/tracing/instances';
  const name = readdirSync(root).find((one) => one.startsWith(`reloadctl-${pid}-`));
  // A folder of tracefs is seen before its files are.
  const file = join(root, name ?? 'none', 'tracing_on');
  return existsSync(file) && readFileSync(file, 'latin1').startsWith('1');
}

async function recording(start, pid, seconds, during) {
  const ours = spawn(start[0], [...start.slice(1), 'strace', '-p', String(pid), '--engine', 'tracefs', '--for', `${seconds}s`, '--json', '-q'], { stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  ours.stdout.setEncoding('utf8').on('data', (more) => (text += more));
  const ended = new Promise((resolve) => ours.on('close', resolve));
  // Once it traces, and its own start is over.
  for (let tries = 0; tries < 500 && !isTracing(ours.pid); tries++) await pause(20);
  await pause(500);
  const result = await during(ours.pid);
  await ended;
  return { result, report: JSON.parse(text) };
}

async function attached(stage, program) {
  const { checks, contestants, smoke } = stage;
  const start = Object.values(contestants.forms)[0];
  const child = spawn(program, ['600'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const seen = [];
  createInterface({ input: child.stdout }).on('line', (line) => seen.push(line.split(' ').map(Number)));
  const during = async (ms) => {
    seen.length = 0;
    await pause(ms);
    const walls = seen.slice(1).map(([wall]) => wall);
    return [Math.min(...walls), median(seen.slice(1).map(([, used]) => used)), median(walls)];
  };
  const ratios = [[], [], []];
  const costs = [];
  let lost = 0;
  await pause(300);
  for (let round = 0; round < (smoke ? 2 : 7); round++) {
    const before = await during(1500);
    const { result, report } = await recording(start, child.pid, 3, async (ours) => {
      const [ns, first] = [during(1800), costOf(ours)];
      const traced = await ns;
      costs.push({ cpu: (costOf(ours).cpuMs - first.cpuMs) / 18, mib: costOf(ours).mib });
      return traced;
    });
    const after = await during(1500);
    for (const column of [0, 1, 2]) ratios[column].push(result[column] / ((before[column] + after[column]) / 2));
    lost += report.coverage.some(({ source }) => source === 'trace buffer') ? 1 : 0;
  }
  child.kill();
  const scenario = 'a program of system calls alone, recorded by tracefs';
  checks.value(scenario, 'time per call / not recorded', median(ratios[2]), 1.7);
  // On a machine with other work the time it waits for a processor says nothing of the recording.
  checks.value(scenario, 'processor time per call / not recorded', median(ratios[1]), 1.7);
  checks.value(scenario, 'time per call / not recorded, the best tenth of a second', median(ratios[0]));
  checks.value(scenario, 'own CPU, of one processor', median(costs.map(({ cpu }) => cpu)), undefined, ' %');
  checks.value(scenario, 'own memory', Math.max(...costs.map(({ mib }) => mib)), undefined, ' MiB');
  checks.value(scenario, 'recordings with lost events', lost, undefined);
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function server(stage) {
  const { checks, contestants, smoke, folder } = stage;
  const start = Object.values(contestants.forms)[0];
  const dir = join(folder, 'nginx');
  const port = await freePort();
  mkdirSync(join(dir, 'html'), { recursive: true });
  writeFileSync(join(dir, 'html/index.html'), 'hello\n');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${dir}/${name};`).join(' ');
  writeFileSync(join(dir, 'nginx.conf'), `daemon off; master_process off; pid ${dir}/pid; error_log ${dir}/error.log;\nevents { worker_connections 256; }\nhttp { access_log off; ${temporary} server { listen 127.0.0.1:${port}; root ${dir}/html; } }\n`);
  const nginx = spawn('nginx', ['-p', dir, '-e', join(dir, 'error.log'), '-c', join(dir, 'nginx.conf')], { stdio: 'ignore' });
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const ask = () => new Promise((resolve) => get({ host: '127.0.0.1', port, agent }, (answer) => answer.resume().on('end', () => resolve(true))).on('error', () => resolve(false)));
  for (let tries = 0; tries < 100 && !(await ask()); tries++) await pause(50);
  const rate = async (ms) => {
    const end = performance.now() + ms;
    let answers = 0;
    await Promise.all(Array.from({ length: 8 }, async () => {
      while (performance.now() < end) answers += (await ask()) ? 1 : 0;
    }));
    return (answers * 1000) / ms;
  };
  /** Requests a second, and ns of a processor that nginx took for each. */
  const measured = async (ms) => {
    const used = ranNs(nginx.pid);
    const perSecond = await rate(ms);
    return [perSecond, (ranNs(nginx.pid) - used) / ((perSecond * ms) / 1000)];
  };
  await rate(500);
  const ratios = [[], []];
  for (let round = 0; round < (smoke ? 2 : 7); round++) {
    const before = await measured(1500);
    const { result } = await recording(start, nginx.pid, 3, async () => {
      return measured(1800);
    });
    const after = await measured(1500);
    ratios[0].push((before[0] + after[0]) / 2 / result[0]);
    ratios[1].push((result[1] * 2) / (before[1] + after[1]));
  }
  agent.destroy();
  nginx.kill();
  const scenario = 'nginx under load, recorded by tracefs';
  checks.value(scenario, 'processor time per request / not recorded', median(ratios[1]), 1.15);
  checks.value(scenario, 'requests a second, not recorded / recorded', median(ratios[0]), 1.15);
}

export async function benchRecording(stage) {
  const { checks, smoke, folder, contestants } = stage;
  const program = compile(folder);
  if (!program || process.geteuid() !== 0) {
    stage.say('no C compiler, or not root: recordings are skipped');
    return;
  }
  await attached(stage, program);
  if (has('nginx')) await server(stage);
  if (!has('strace')) return;
  const start = Object.values(contestants.forms)[0];
  const seconds = smoke ? '0.5' : '1.5';
  const ratios = { ours: [], alone: [], full: [] };
  const [words] = spawnSync(start[0], [...start.slice(1), 'strace', '--dry-run', '--', program, seconds], { encoding: 'utf8' }).stdout.split('\n');
  const same = words.split(' ').map((word) => (word.startsWith('/proc/PID/fd/') ? join(folder, 'alone.strace') : word.replaceAll("'", '')));
  for (let round = 0; round < (smoke ? 2 : 5); round++) {
    const plain = nsOf([program, seconds], folder);
    ratios.ours.push(nsOf([...start, 'strace', '-q', '--fail-on', 'never', '--', program, seconds], folder) / plain);
    ratios.alone.push(nsOf(same, folder) / plain);
    ratios.full.push(nsOf(['strace', '-f', '-y', '-o', '/dev/null', program, seconds], folder) / plain);
  }
  const scenario = 'a program of system calls alone, as our child under strace';
  // 12 is meant where the strace that we start takes 10: where a stop costs more, as on a busy virtual machine, it does without us, too.
  checks.value(scenario, 'time per call / alone', median(ratios.ours), Number((12 * Math.max(1, median(ratios.alone) / 10)).toFixed(2)));
  checks.value(scenario, 'the same strace without us: time per call / alone', median(ratios.alone));
  checks.value(scenario, 'strace -f -y: time per call / alone', median(ratios.full));
}
