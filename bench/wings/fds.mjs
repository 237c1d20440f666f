/** `fds` against lsof, lsfd and a C loop of readlink and fdinfo. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { descriptorsPerProcess, Load } from '../load.mjs';
import { compile, interleave, median } from '../measure.mjs';

const WARM = fileURLToPath(new URL('../warm.mjs', import.meta.url));

async function oneLarge(stage, floor) {
  const { contestants, checks } = stage;
  const load = new Load();
  const count = descriptorsPerProcess();
  try {
    await load.addHolders(1, count);
    const [pid] = load.pids.map(String);
    const commands = stage.commandsOf(['fds', pid], { lsof: ['-nP', '-p', pid], lsfd: ['-p', pid] });
    if (floor) commands.floor = [floor, pid];
    const scenario = `one process, ${count} descriptors`;
    const costs = await stage.run(commands, scenario);
    checks.ratio(scenario, costs, 'single', 'lsof', 'cpuMs', 0.75);
    checks.ratio(scenario, costs, 'single', 'floor', 'cpuMs', 2.5);
    checks.ratio(scenario, costs, 'node24', 'lsof', 'cpuMs', 1.2);
    if (!costs.node24 || contestants.runtimes.node !== contestants.runtimes.node24) checks.ratio(scenario, costs, 'node', 'lsof', 'cpuMs');
    checks.ratio(scenario, costs, 'single', 'lsfd', 'cpuMs');
    for (const name of Object.keys(contestants.forms)) {
      const peak = Math.max(...costs[name].map(({ peakKiB }) => peakKiB));
      if (peak) checks.value(scenario, `${name}, peak memory`, peak / 1024, 100, ' MiB');
    }
  } finally {
    await load.end();
  }
}

async function manyLarge(stage, floor) {
  const { contestants, checks, smoke } = stage;
  const holders = smoke ? 2 : 10;
  const load = new Load();
  const count = descriptorsPerProcess();
  try {
    await load.addHolders(holders, count);
    const pids = load.pids.map(String);
    // They are our children: the tree below us is they, and us.
    const commands = stage.commandsOf(['fds', String(process.pid), '--tree'], { lsof: ['-nP', '-p', [process.pid, ...pids].join(',')] });
    if (floor) commands.floor = [floor, ...pids];
    const scenario = `${holders} processes, ${holders * count} descriptors`;
    const costs = await stage.run(commands, scenario, smoke ? 1 : 5);
    for (const name of Object.keys(contestants.forms)) checks.ratio(scenario, costs, name, 'lsof', 'cpuMs', smoke ? 1 : 0.33);
    for (const name of Object.keys(contestants.forms)) checks.ratio(scenario, costs, name, 'lsof', 'peakKiB', smoke ? undefined : 1);
  } finally {
    await load.end();
  }
}

async function top(stage) {
  const { contestants, checks, meter, rounds, smoke } = stage;
  const sleepers = smoke ? 100 : 300;
  const load = new Load();
  try {
    const { forms } = contestants;
    const version = Object.entries(forms).map(([name, start]) => [`${name} --version`, [...start, '--version']]);
    const commands = Object.fromEntries([...Object.entries(forms).map(([name, start]) => [name, [...start, 'fds', '--top']]), ...version]);
    const before = await interleave(meter, commands, rounds);
    const warmBefore = warmTops(contestants.runtimes);
    await load.addSleepers(sleepers);
    const warmAfter = warmTops(contestants.runtimes);
    const scenario = `fds --top, ${sleepers} processes more`;
    const after = await stage.run(commands, scenario);
    for (const name of Object.keys(forms)) {
      const own = median(after[name].map(({ cpuMs }) => cpuMs)) - median(before[name].map(({ cpuMs }) => cpuMs));
      checks.value(scenario, `${name}, CPU per 100 processes`, (own / sleepers) * 100, smoke ? undefined : 8, ' ms');
    }
    for (const name of Object.keys(warmAfter)) {
      checks.value(scenario, `${name}, CPU per 100 processes, warm`, ((warmAfter[name] - warmBefore[name]) / sleepers) * 100, smoke ? undefined : 4, ' ms');
    }
  } finally {
    await load.end();
  }
}

/** CPU of `fds --top` in ms when it has run some times in one process, by runtime. */
function warmTops(runtimes) {
  return Object.fromEntries(Object.entries(runtimes).map(([name, runtime]) => [name, median(JSON.parse(timesOfTop(runtime)).slice(-4))]));
}

function timesOfTop(runtime) {
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const { stderr } = spawnSync(runtime, [WARM, 'fds', '--top'], { env, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
  return stderr;
}

async function startUp(stage) {
  const { contestants, checks, rounds } = stage;
  const load = new Load();
  try {
    await load.addSleepers(1);
    const [pid] = load.pids.map(String);
    const commands = stage.commandsOf(['fds', pid], { lsof: ['-nP', '-p', pid] });
    for (const [name, runtime] of Object.entries(contestants.runtimes)) commands[`${name} -e 0`] = [runtime, '-e', '0'];
    const scenario = 'start-up, a small process';
    const costs = await stage.run(commands, scenario, 2 * rounds + 1);
    checks.ratio(scenario, costs, 'single', 'lsof', 'wallMs', 2);
    for (const name of Object.keys(contestants.runtimes)) checks.ratio(scenario, costs, name, `${name} -e 0`, 'wallMs', 1.9);
  } finally {
    await load.end();
  }
}

export async function benchFds(stage) {
  const floor = compile('floor', stage.folder);
  if (!floor) stage.say('no cc: the C loop is skipped');
  await startUp(stage);
  await top(stage);
  await oneLarge(stage, floor);
  await manyLarge(stage, floor);
}
