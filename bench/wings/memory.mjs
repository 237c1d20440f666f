/** `goroutines PID` through memory: what it costs us, and what the program notices, beside a dump that it writes itself; and execution traces. */
import { spawn, spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from '../measure.mjs';

const PROGRAMS = fileURLToPath(new URL('../../fixtures/programs', import.meta.url));

/** As it is deployed: stripped. */
function build(name, folder) {
  const output = join(folder, name);
  const { status } = spawnSync('go', ['build', '-ldflags=-s -w', '-buildvcs=false', '-o', output, '.'], { cwd: join(PROGRAMS, name), stdio: 'ignore' });
  return status === 0 ? output : undefined;
}

async function start(program, count) {
  const child = spawn(program, [String(count)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => (await lines.next()).value;
  const { pid } = JSON.parse(await next());
  const ask = async (command) => {
    child.stdin.write(`${command}\n`);
    return next();
  };
  return { pid, ask, stop: () => child.stdin.end() };
}

/** ms that its ticker came late at most while something was done. */
async function gapDuring(target, action) {
  await target.ask('gap');
  await action();
  return Number(await target.ask('gap'));
}

export async function benchMemory(stage) {
  const { checks, contestants, folder, smoke } = stage;
  const program = build('parked', folder);
  if (!program) {
    stage.say('no Go: memory is skipped');
    return;
  }
  const names = Object.keys(contestants.forms);
  const small = await start(program, 10);
  const whole = 'memory of a small Go program';
  const starts = await stage.run(stage.commandsOf(['goroutines', String(small.pid), '--via', 'memory', '-q']), whole, smoke ? 3 : 9);
  small.stop();
  for (const name of names) checks.value(whole, `${name}, wall time`, median(starts[name].map(({ wallMs }) => wallMs)), smoke ? undefined : 150, ' ms');

  const count = smoke ? 20_000 : 100_000;
  const scenario = `memory with ${count} goroutines`;
  const large = await start(program, count);
  const command = ['goroutines', String(large.pid), '--via', 'memory', '-q'];
  const costs = await stage.run(stage.commandsOf(command), scenario, smoke ? 2 : 7);
  // Whoever uses the processors delays the program, whatever is done with them: each look beside a rest of the same length.
  const [node, ...rest] = Object.values(stage.commandsOf(command))[0];
  const gaps = { idle: [], look: [] };
  for (let round = 0; round < (smoke ? 3 : 7); round++) {
    const begun = performance.now();
    gaps.look.push(await gapDuring(large, () => new Promise((resolve) => spawn(node, rest, { stdio: 'ignore' }).on('close', resolve))));
    const took = performance.now() - begun;
    gaps.idle.push(await gapDuring(large, () => new Promise((resolve) => setTimeout(resolve, took))));
  }
  const own = await gapDuring(large, () => large.ask(`dump ${join(folder, 'own-dump')}`));
  large.stop();
  for (const name of names) {
    const after = median(costs[name].map(({ cpuMs }) => cpuMs)) - median(starts[name].map(({ cpuMs }) => cpuMs));
    checks.value(scenario, `${name}, CPU after start-up`, after, smoke ? undefined : 1500, ' ms');
    const peak = Math.max(...costs[name].map(({ peakKiB }) => peakKiB));
    if (peak) checks.value(scenario, `${name}, peak memory`, peak / 1024, 250, ' MiB');
  }
  const idle = median(gaps.idle);
  checks.value(scenario, 'longest delay in the program, idle', idle, undefined, ' ms');
  checks.value(scenario, 'longest delay in the program, read by us', median(gaps.look), undefined, ' ms');
  checks.value(scenario, 'longest delay in the program, added by us', Math.max(0, median(gaps.look) - idle), smoke ? undefined : 30, ' ms');
  checks.value(scenario, 'longest delay in the program, its own dump', own, undefined, ' ms');
  await trace(stage);
}

async function trace(stage) {
  const { checks, contestants, folder, smoke } = stage;
  const [program, path] = [build('traced', folder), join(folder, 'trace.out')];
  if (!program) return;
  spawnSync(program, [path, smoke ? '100000' : '1000000'], { stdio: 'ignore' });
  const megabytes = statSync(path).size / 1e6;
  const scenario = `an execution trace of ${megabytes.toFixed(0)} MB`;
  const costs = await stage.run(stage.commandsOf(['goroutines', path, '-q']), scenario, smoke ? 2 : 5);
  for (const name of Object.keys(contestants.forms)) {
    // Whole processes: a short run is mostly their start.
    checks.value(scenario, `${name}, CPU per 20 MB`, (median(costs[name].map(({ cpuMs }) => cpuMs)) / megabytes) * 20, smoke ? undefined : 1000, ' ms');
  }
}
