// Records fixtures/tapes anew: node scripts/record-tapes.mjs [err/NAME | ok/NAME ...], as root, by hand, after npm run build.
// Every program runs in namespaces of its own, so that a tape holds a few processes and nothing of this machine:
// full/NAME.rctl keeps the (made-up) names and is for the docs, err/NAME.rctl is the same tape with pseudonyms.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { run, runAlone } from './alone.mjs';
import { err, ok } from './tape-cases.mjs';

const SELF = fileURLToPath(import.meta.url);
const ROOT = join(dirname(SELF), '..');
const TAPES = join(ROOT, 'fixtures/tapes');
/** A copy of fixtures/programs: what a process was started with is on its tape, and nobody shall learn from it where this checkout lies. */
const PROGRAMS = '/srv/programs';
const HOME = '/srv/app';
const PORT = 8080;
const DEADLINE_MS = 20_000;
/** What a program may know of this machine. */
const ENV = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8', HOME };

const cases = new Map([
  ...Object.entries(err).map(([name, entry]) => [`err/${name}`, entry]),
  ...Object.entries(ok).map(([name, entry]) => [`ok/${name}`, entry]),
]);

/** 3: not all could be read, as of a process that hangs. */
const record = (...args) => run(process.execPath, [join(ROOT, 'bin/reloadctl.js'), 'record', '--quiet', ...args], [0, 3]);

async function until(what, condition) {
  for (const end = Date.now() + DEADLINE_MS; !(await condition()); await sleep(20)) {
    if (Date.now() > end) throw new Error(`waited in vain: ${what}`);
  }
}

/** Starts a program that ends with its stdin, and gives its line of truth. */
async function tellingProgram(command, args) {
  const log = `${HOME}/stderr.log`;
  const child = spawn(command, args, { env: ENV, cwd: '/', stdio: ['pipe', 'pipe', openSync(log, 'w')] });
  for await (const line of createInterface({ input: child.stdout })) return JSON.parse(line);
  throw new Error(`${command} ${args.join(' ')} ended without a word: ${readFileSync(log, 'utf8')}`);
}

/** [command, arguments] that start a program in a user namespace of its own, whose limits are lowered first. */
function withUserLimits(limits, [command, ...args]) {
  if (!limits) return [command, args];
  const lower = Object.entries(limits).map(([name, value]) => `echo ${value} >/proc/sys/user/${name} && `);
  return ['unshare', ['--user', '--map-root-user', '/bin/sh', '-c', `${lower.join('')}exec "$0" "$@"`, command, ...args]];
}

function accepted() {
  return new Promise((resolve) => {
    const socket = connect(PORT, '127.0.0.1', () => resolve(true));
    socket.on('error', () => resolve(false));
  });
}

const nginxConfiguration = `user root; worker_processes 2; daemon off; pid ${HOME}/nginx.pid; error_log ${HOME}/error.log;
events { worker_connections 128; }
http { access_log ${HOME}/access.log; keepalive_timeout 600; client_body_temp_path ${HOME}/body; proxy_temp_path ${HOME}/proxy;
fastcgi_temp_path ${HOME}/fastcgi; uwsgi_temp_path ${HOME}/uwsgi; scgi_temp_path ${HOME}/scgi;
server { listen 127.0.0.1:${PORT}; root ${HOME}; } }`;

function nginx(command) {
  writeFileSync(`${HOME}/nginx.conf`, nginxConfiguration);
  const args = ['-p', HOME, '-e', `${HOME}/error.log`, '-c', `${HOME}/nginx.conf`];
  return withClients(spawn(command, args, { env: ENV, cwd: '/', stdio: 'ignore' }));
}

/** Healthy servers, each with five clients that stay connected. */
const servers = {
  nginx: () => nginx('nginx'),
  nginxByPath: () => nginx('/usr/sbin/nginx'),
  async redis() {
    const args = ['--port', `${PORT}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', HOME];
    return withClients(spawn('redis-server', args, { env: ENV, cwd: '/', stdio: 'ignore' }));
  },
  leaking() {
    // Node takes as many as the hard limit gives.
    const args = ['--nofile=84:84', process.execPath, join(PROGRAMS, 'leak-server.mjs'), 'count=28', 'log=20971520', `dir=${HOME}`];
    return tellingProgram('prlimit', args);
  },
  /** A thread waits in a read that is never answered, and another in mmap() for the lock that it holds. */
  async stuck() {
    const [silent, target] = ['never-answers', 'stuck-target'].map((name) => {
      run('cc', ['-O1', '-pthread', '-o', `${HOME}/${name}`, join(PROGRAMS, `${name}.c`)]);
      return `${HOME}/${name}`;
    });
    mkdirSync(`${HOME}/mnt`);
    const child = spawn(silent, [`${HOME}/mnt`], { env: ENV, cwd: '/', stdio: ['pipe', 'pipe', 'ignore'] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    await lines.next();
    child.stdin.write('\n');
    await lines.next();
    return tellingProgram(target, ['mmap', `${HOME}/mnt/file`]);
  },
  async node() {
    const args = [join(PROGRAMS, 'busy-server.mjs'), 'connections=5', 'seconds=1', `dir=${HOME}`];
    const { pid } = await tellingProgram(process.execPath, args);
    // The load lasts a second, the connections stay.
    await sleep(2000);
    return { pid };
  },
};

/** A service of node-tape.mjs, with our preload or without. */
async function nodeService({ node, preload = true }) {
  const register = `${HOME}/node_modules/reloadctl/dist/register.cjs`;
  mkdirSync(dirname(register), { recursive: true });
  copyFileSync(join(ROOT, 'dist/register.cjs'), register);
  copyFileSync(join(PROGRAMS, 'node-tape.mjs'), `${HOME}/service.mjs`);
  writeFileSync(`${HOME}/data.txt`, 'data\n');
  const program = await tellingProgram(process.execPath, [...(preload ? ['--import', register] : []), `${HOME}/service.mjs`, node]);
  // Old enough to be signalled; and what spins does by then.
  await sleep(2500);
  return program;
}

async function withClients({ pid }) {
  await until('the server to accept', accepted);
  for (let client = 1; client < 5; client++) await accepted();
  await sleep(500);
  return { pid };
}

function openOf(pid) {
  return readdirSync(`/proc/${pid}/fd`).length;
}

function descendants(pid) {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number);
  return pids.filter((other) => other === pid || parentsOf(other).includes(pid));
}

function parentsOf(pid) {
  const children = new Map();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const { stdout } = spawnSync('cat', [`/proc/${name}/task/${name}/children`], { encoding: 'utf8' });
    for (const child of stdout.split(' ').filter(Boolean)) children.set(Number(child), Number(name));
  }
  const parents = [];
  for (let at = children.get(pid); at !== undefined; at = children.get(at)) parents.push(at);
  return parents;
}

/** Files of the kernel that say something else, in this mount namespace. */
function layOver({ over = {}, cgroup }) {
  run('mount', ['-t', 'tmpfs', 'none', '/mnt']);
  for (const [index, [file, text]] of Object.entries(over).entries()) {
    writeFileSync(`/mnt/${index}`, text);
    run('mount', ['--bind', `/mnt/${index}`, file]);
  }
  if (!cgroup) return;
  run('mount', ['-t', 'tmpfs', 'none', '/sys/fs/cgroup']);
  for (const [name, text] of Object.entries(cgroup)) {
    mkdirSync(dirname(`/sys/fs/cgroup/${name}`), { recursive: true });
    writeFileSync(`/sys/fs/cgroup/${name}`, text);
  }
}

/** As process 1 of fresh namespaces: starts the program, records it, ends with everything in it. */
async function inside(name) {
  const entry = cases.get(name);
  run('hostname', ['app-1']);
  run('ip', ['link', 'set', 'lo', 'up']);
  run('mount', ['-t', 'tmpfs', 'none', '/srv']);
  mkdirSync(HOME);
  cpSync(join(ROOT, 'fixtures/programs'), PROGRAMS, { recursive: true });
  for (const [setting, value] of Object.entries(entry.network ?? {})) writeFileSync(`/proc/sys/net/${setting}`, `${value}\n`);
  layOver(entry);
  const python = entry.replace ? `${HOME}/server` : '/usr/bin/python3';
  if (entry.replace) {
    copyFileSync('/usr/bin/python3', python);
    copyFileSync('/usr/bin/python3', entry.replace);
    chmodSync(entry.replace, entry.mode ?? 0o755);
  }
  const factory = () => tellingProgram(...withUserLimits(entry.userLimits, [python, join(PROGRAMS, 'factory.py'), `--dir=${HOME}`, ...entry.make]));
  const { pid, open } = await (entry.make ? factory() : entry.node ? nodeService(entry) : servers[entry.server]());
  const file = join(TAPES, `${name}.rctl`);
  const pids = entry.server || entry.tree ? descendants(pid) : [pid];
  const counted = open ?? pids.reduce((sum, each) => sum + openOf(each), 0);
  const full = name.startsWith('err/') ? join(TAPES, `full/${name.slice(4)}.rctl`) : `${HOME}/full.rctl`;
  // Written aside: the recorder's own open file must not bring the path of this checkout on the tape.
  const aside = `${HOME}/aside.rctl`;
  record(String(pid), '--full', '-o', aside, ...(pids.length > 1 ? ['--tree'] : []), ...(entry.watch ? ['--watch', entry.watch] : []), ...(entry.command === 'tasks' ? ['--interval', '1s'] : []), ...(entry.node ? ['--node', '--yes'] : []), ...(entry.promises ? ['--promises'] : []), ...(entry.replace ? ['--replace', entry.replace] : []));
  copyFileSync(aside, full);
  rmSync(aside);
  record('--from', full, '-o', file);
  // Tapes are for their owner only; these are for everybody.
  for (const tape of [full, file]) chmodSync(tape, 0o644);
  const findings = entry.finds.map(([id, severity, confidence]) => ({ id, severity, confidence }));
  findings.sort((a, b) => (a.id < b.id ? -1 : 1));
  const command = entry.command ?? (entry.node && 'node');
  const expected = { ...(command && { command }), ...(entry.options && { options: entry.options }), findings, ...(!entry.watch && { open: counted }) };
  writeFileSync(file.replace(/\.rctl$/, '.expected.json'), `${JSON.stringify(expected, null, 2)}\n`);
  process.stdout.write(`${name}: ${statSync(file).size} bytes\n`);
}

function outside(names) {
  for (const folder of ['err', 'ok', 'full']) mkdirSync(join(TAPES, folder), { recursive: true });
  for (const name of names.length > 0 ? names : cases.keys()) {
    if (!cases.has(name)) throw new Error(`no case ${name}, there are ${[...cases.keys()].join(' ')}`);
    runAlone(SELF, '--inside', name);
  }
}

const [first, ...rest] = process.argv.slice(2);
if (first === '--inside') {
  await inside(rest[0]);
  // The programs hold us through their pipes; as process 1 we take them along.
  process.exit(0);
} else {
  outside(process.argv.slice(2));
}
