// node bench/goroutines.mjs [--smoke]: reading a goroutine dump, beside gostackparse and panicparse when Go is there.
// Whole processes are measured, by the processor time they take: what else the machine does hardly moves that.
// Exit 1 when a target is missed.
import { execFileSync, spawnSync } from 'node:child_process';
import { createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const smoke = process.argv.includes('--smoke');
const ROUNDS = smoke ? 3 : 7;
const BYTES = (smoke ? 30 : 160) * 1_000_000;
/** MB per second of processor time, start of Node included; and peak memory whatever the size of the file. */
const LEAST_SPEED = smoke ? 50 : 100;
const MOST_MEMORY_MIB = 200;

const STACKS = [
  ['chan send', ['main.query.func1(0x%)', 'main.(*Service).Handle(0x%, {0x%, 0x%})', 'net/http.HandlerFunc.ServeHTTP(0x1?, {0x%, 0x%}, 0x%)'], 'main.query'],
  ['select', ['main.(*client).follow(0x%, {0x%, 0x%})'], 'main.(*hub).start'],
  ['sync.Mutex.Lock', ['internal/sync.runtime_SemacquireMutex(0x0?, 0x0?, 0x0?)', 'internal/sync.(*Mutex).lockSlow(0xc000123450)', 'internal/sync.(*Mutex).Lock(...)', 'sync.(*Mutex).Lock(...)', 'main.(*registry).lookup(0x%)'], 'main.serve'],
  ['IO wait', ['internal/poll.runtime_pollWait(0x%, 0x72)', 'internal/poll.(*pollDesc).wait(0x%?, 0x%?, 0x0)', 'internal/poll.(*FD).Read(0x%, {0x%, 0x1000, 0x1000})', 'net.(*conn).Read(0x%, {0x%?, 0x0?, 0x0?})', 'net/http.(*conn).serve(0x%, {0x%, 0x%})'], 'net/http.(*Server).Serve'],
];

async function writeDump(path) {
  const stream = createWriteStream(path);
  let pointer = 0xc000000000;
  let id = 0;
  for (let bytes = 0; bytes < BYTES; ) {
    const [state, frames, creator] = STACKS[id % STACKS.length];
    const lines = frames.map((frame, at) => `${frame.replace(/%/g, () => (pointer += 64).toString(16))}\n\t/go/src/github.com/company/service/internal/file.go:${100 + at} +0x${(17 * at).toString(16)}\n`);
    const block = `goroutine ${++id} [${state}, ${id % 90} minutes]:\n${lines.join('')}created by ${creator} in goroutine 1\n\t/go/src/github.com/company/service/main.go:7 +0x1d\n\n`;
    bytes += block.length;
    if (!stream.write(block)) await once(stream, 'drain');
  }
  stream.end();
  await once(stream, 'finish');
  return id;
}

/** Processor ms of one run, by the kernel's account of the children of a process that has only this one. */
function measure(command, args) {
  const script = `const { spawnSync } = require('node:child_process');
const { status, stderr } = spawnSync(${JSON.stringify(command)}, ${JSON.stringify(args)}, { stdio: ['ignore', 'ignore', 'pipe'], maxBuffer: 1 << 30 });
if (status > 1) process.stderr.write(stderr);
const text = require('node:fs').readFileSync('/proc/self/stat', 'latin1').split(') ')[1].split(' ');
process.stdout.write(JSON.stringify({ status, ticks: Number(text[13]) + Number(text[14]) }));`;
  const { NODE_EXTRA_CA_CERTS: _slow, ...env } = process.env;
  const { status, ticks } = JSON.parse(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8', env }));
  if (status === null || status > 1) throw new Error(`${command} ${args.join(' ')} ended with ${status}`);
  return ticks * 10;
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

function buildParsers(folder) {
  const output = join(folder, 'parsers');
  const { status } = spawnSync('go', ['build', '-o', output, '.'], { cwd: join(root, 'bench/go-parsers'), stdio: 'ignore' });
  return status === 0 ? output : undefined;
}

const folder = mkdtempSync(join(tmpdir(), 'reloadctl-bench-'));
try {
  const dump = join(folder, 'dump.txt');
  const goroutines = await writeDump(dump);
  const megabytes = statSync(dump).size / 1e6;
  const parsers = buildParsers(folder);
  const cli = join(root, 'bin/reloadctl.js');
  const commands = { reloadctl: [process.execPath, [cli, 'goroutines', dump, '-q']] };
  if (parsers) for (const name of ['gostackparse', 'panicparse']) commands[name] = [parsers, [name, dump]];
  else process.stderr.write('bench: skipped: gostackparse and panicparse need Go and its module proxy\n');
  const times = Object.fromEntries(Object.keys(commands).map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, [command, args]] of Object.entries(commands)) if (name !== 'panicparse' || round < 2) times[name].push(measure(command, args));
  }
  process.stdout.write(`a dump of ${goroutines} goroutines, ${megabytes.toFixed(0)} MB\n`);
  const speeds = Object.fromEntries(Object.entries(times).map(([name, each]) => [name, (megabytes / median(each)) * 1000]));
  for (const [name, speed] of Object.entries(speeds)) process.stdout.write(`  ${name.padEnd(14)} ${speed.toFixed(0).padStart(5)} MB per second of processor time\n`);
  // VmHWM of a child is gone with it: our own program tells its peak when asked by the environment of Node.
  const probe = `import(${JSON.stringify(cli)}).then(() => process.on('exit', () => process.stderr.write(String(process.resourceUsage().maxRSS))));`;
  const { stderr } = spawnSync(process.execPath, ['-e', `process.argv.splice(1, 0, 'reloadctl'); ${probe}`, 'goroutines', dump, '-q'], { encoding: 'utf8' });
  const peak = Number(/(\d+)$/.exec(stderr)?.[1] ?? 0) / 1024;
  if (peak > 0) process.stdout.write(`  peak memory    ${peak.toFixed(0).padStart(5)} MiB\n`);
  const missed = [];
  if (speeds.reloadctl < LEAST_SPEED) missed.push(`${speeds.reloadctl.toFixed(0)} MB/s is below ${LEAST_SPEED}`);
  // A short run is mostly the start of Node.
  if (!smoke && speeds.gostackparse && speeds.reloadctl < speeds.gostackparse) missed.push('slower than gostackparse');
  if (peak > MOST_MEMORY_MIB) missed.push(`${peak.toFixed(0)} MiB of memory, more than ${MOST_MEMORY_MIB}`);
  for (const text of missed) process.stdout.write(`  missed: ${text}\n`);
  if (missed.length > 0) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
