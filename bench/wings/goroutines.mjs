/** `goroutines` on a large dump, against gostackparse and panicparse where Go and its module proxy are there. */
import { spawnSync } from 'node:child_process';
import { createWriteStream, statSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from '../measure.mjs';

const PARSERS = fileURLToPath(new URL('../go-parsers', import.meta.url));
const MEGABYTE = 1_000_000;

const STACKS = [
  ['chan send', ['main.query.func1(0x%)', 'main.(*Service).Handle(0x%, {0x%, 0x%})', 'net/http.HandlerFunc.ServeHTTP(0x1?, {0x%, 0x%}, 0x%)'], 'main.query'],
  ['select', ['main.(*client).follow(0x%, {0x%, 0x%})'], 'main.(*hub).start'],
  ['sync.Mutex.Lock', ['internal/sync.runtime_SemacquireMutex(0x0?, 0x0?, 0x0?)', 'internal/sync.(*Mutex).lockSlow(0xc000123450)', 'internal/sync.(*Mutex).Lock(...)', 'sync.(*Mutex).Lock(...)', 'main.(*registry).lookup(0x%)'], 'main.serve'],
  ['IO wait', ['internal/poll.runtime_pollWait(0x%, 0x72)', 'internal/poll.(*pollDesc).wait(0x%?, 0x%?, 0x0)', 'internal/poll.(*FD).Read(0x%, {0x%, 0x1000, 0x1000})', 'net.(*conn).Read(0x%, {0x%?, 0x0?, 0x0?})', 'net/http.(*conn).serve(0x%, {0x%, 0x%})'], 'net/http.(*Server).Serve'],
];

const DEEP = 40;
const DEEP_STACKS = 200;
const STATES = ['chan send', 'select', 'chan receive', 'IO wait'];
const callOf = (stack, depth) => `github.com/company/service/internal/part${(stack * 7 + depth) % 50}.(*Handler${(stack + depth) % 97}).method${(stack * 31 + depth * 17) % 1000}(0x%, {0x%, 0x%}, 0x1?)`;

/** Many stacks, none of them short, as frameworks make them. */
const deepStacks = () => Array.from({ length: DEEP_STACKS }, (_, stack) => [STATES[stack % STATES.length], Array.from({ length: DEEP }, (_frame, depth) => callOf(stack, depth)), 'net/http.(*Server).Serve']);

/** Text as debug=2 has it: arguments, ids and waiting times differ from one goroutine to the next, stacks do not. */
async function writeDump(path, size, stacks = STACKS) {
  const stream = createWriteStream(path);
  let pointer = 0xc000000000;
  let id = 0;
  for (let bytes = 0; bytes < size; ) {
    const [state, frames, creator] = stacks[id % stacks.length];
    const lines = frames.map((frame, at) => `${frame.replace(/%/g, () => (pointer += 64).toString(16))}\n\t/go/src/github.com/company/service/internal/file.go:${100 + at} +0x${(17 * at).toString(16)}\n`);
    const block = `goroutine ${++id} [${state}, ${id % 90} minutes]:\n${lines.join('')}created by ${creator} in goroutine 1\n\t/go/src/github.com/company/service/main.go:7 +0x1d\n\n`;
    bytes += block.length;
    if (!stream.write(block)) await once(stream, 'drain');
  }
  stream.end();
  await once(stream, 'finish');
  return id;
}

function buildParsers(folder) {
  const output = join(folder, 'parsers');
  const { status } = spawnSync('go', ['build', '-o', output, '.'], { cwd: PARSERS, stdio: 'ignore' });
  return status === 0 ? output : undefined;
}

async function largeDump(stage, parsers) {
  const { checks, contestants, folder, smoke } = stage;
  const path = join(folder, 'dump.txt');
  const goroutines = await writeDump(path, (smoke ? 30 : 160) * MEGABYTE);
  const megabytes = statSync(path).size / MEGABYTE;
  const commands = stage.commandsOf(['goroutines', path, '-q']);
  if (parsers) commands.gostackparse = [parsers, 'gostackparse', path];
  const scenario = `a dump of ${goroutines} goroutines, ${megabytes.toFixed(0)} MB`;
  const costs = await stage.run(commands, scenario, smoke ? 3 : 7);
  for (const name of Object.keys(contestants.forms)) {
    // Whole processes: a short run is mostly their start.
    checks.value(scenario, `${name}, CPU per 100 MB`, (median(costs[name].map(({ cpuMs }) => cpuMs)) / megabytes) * 100, smoke ? undefined : 1000, ' ms');
    checks.ratio(scenario, costs, name, 'gostackparse', 'cpuMs', smoke ? undefined : 1);
    checks.ratio(scenario, costs, name, 'gostackparse', 'wallMs');
    const peak = Math.max(...costs[name].map(({ peakKiB }) => peakKiB));
    if (peak) checks.value(scenario, `${name}, peak memory`, peak / 1024, 200, ' MiB');
  }
}

/** Each stack comes a few dozen times only: groups and their judgement, which gostackparse leaves out, are most of our time. No target, so that the figure is seen. */
async function deepDump(stage, parsers) {
  const { checks, contestants, folder, smoke } = stage;
  const path = join(folder, 'deep.txt');
  const goroutines = await writeDump(path, (smoke ? 10 : 100) * MEGABYTE, deepStacks());
  const commands = stage.commandsOf(['goroutines', path, '-q']);
  if (parsers) commands.gostackparse = [parsers, 'gostackparse', path];
  const scenario = `a dump of ${goroutines} goroutines, ${DEEP_STACKS} stacks of ${DEEP} calls`;
  const costs = await stage.run(commands, scenario, smoke ? 2 : 5);
  for (const name of Object.keys(contestants.forms)) checks.ratio(scenario, costs, name, 'gostackparse', 'cpuMs');
}

/** What it is to people who look at one dump of a small service; panicparse is too slow for the large one. */
async function smallDump(stage, parsers) {
  const { checks, contestants, folder, smoke } = stage;
  const path = join(folder, 'small.txt');
  const goroutines = await writeDump(path, 4 * MEGABYTE);
  const commands = stage.commandsOf(['goroutines', path, '-q']);
  if (parsers) commands.panicparse = [parsers, 'panicparse', path];
  const scenario = `a dump of ${goroutines} goroutines, 4 MB`;
  const costs = await stage.run(commands, scenario, smoke ? 2 : 5);
  for (const name of Object.keys(contestants.forms)) checks.ratio(scenario, costs, name, 'panicparse', 'wallMs', smoke ? undefined : 1);
}

export async function benchGoroutines(stage) {
  const parsers = buildParsers(stage.folder);
  if (!parsers) stage.say('no Go, or no module proxy: gostackparse and panicparse are skipped');
  await smallDump(stage, parsers);
  await largeDump(stage, parsers);
  await deepDump(stage, parsers);
}
