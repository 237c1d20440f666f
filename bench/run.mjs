// npm run bench [-- --smoke]: reloadctl against lsof, lsfd, ss and a C loop, in one run on one machine, as ratios.
// Whole processes are measured. Exit 1 when a target is missed; --smoke takes less than a minute and allows twice the targets;
// --markdown prints the table for README.
import { mkdtempSync, rmSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Checks, medians } from './checks.mjs';
import { findContestants } from './contestants.mjs';
import { descriptorsPerProcess, Load } from './load.mjs';
import { compile, interleave, median, openMeter } from './measure.mjs';

const smoke = process.argv.includes('--smoke');
const ROUNDS = smoke ? 3 : 9;
const HOLDERS = smoke ? 2 : 10;
const SLEEPERS = smoke ? 100 : 300;

const markdown = process.argv.includes('--markdown');

function say(text) {
  process.stderr.write(`bench: ${text}\n`);
}

/** The commands of one scenario, by contestant. */
function commandsOf({ forms, peers }, own, foreign) {
  const ours = Object.entries(forms).map(([name, start]) => [name, [...start, ...own]]);
  const theirs = peers.filter((name) => foreign[name]).map((name) => [name, [name, ...foreign[name]]]);
  return Object.fromEntries([...ours, ...theirs]);
}

async function run(meter, commands, rounds, title) {
  const costs = await interleave(meter, commands, rounds);
  // 0 and 1 are answers of ours; what failed was quick and says nothing.
  for (const [name, each] of Object.entries(costs)) {
    const failed = each.find(({ exit }) => exit > 1);
    if (failed) throw new Error(`${title}: ${name} ended with ${failed.exit}`);
  }
  if (!markdown) process.stdout.write(`${title}\n${medians(costs)}\n\n`);
  return costs;
}

async function oneLarge(meter, contestants, floor, checks) {
  const load = new Load();
  const count = descriptorsPerProcess();
  try {
    await load.addHolders(1, count);
    const [pid] = load.pids.map(String);
    const commands = commandsOf(contestants, ['fds', pid], { lsof: ['-nP', '-p', pid], lsfd: ['-p', pid] });
    if (floor) commands.floor = [floor, pid];
    const scenario = `one process, ${count} descriptors`;
    const costs = await run(meter, commands, ROUNDS, scenario);
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

async function manyLarge(meter, contestants, floor, checks) {
  const load = new Load();
  const count = descriptorsPerProcess();
  try {
    await load.addHolders(HOLDERS, count);
    const pids = load.pids.map(String);
    // They are our children: the tree below us is they, and us.
    const commands = commandsOf(contestants, ['fds', String(process.pid), '--tree'], { lsof: ['-nP', '-p', [process.pid, ...pids].join(',')] });
    if (floor) commands.floor = [floor, ...pids];
    const scenario = `${HOLDERS} processes, ${HOLDERS * count} descriptors`;
    const costs = await run(meter, commands, smoke ? 1 : 5, scenario);
    for (const name of Object.keys(contestants.forms)) checks.ratio(scenario, costs, name, 'lsof', 'cpuMs', smoke ? 1 : 0.33);
    for (const name of Object.keys(contestants.forms)) checks.ratio(scenario, costs, name, 'lsof', 'peakKiB', smoke ? undefined : 1);
  } finally {
    await load.end();
  }
}

async function top(meter, contestants, checks) {
  const load = new Load();
  try {
    const { forms } = contestants;
    const version = Object.entries(forms).map(([name, start]) => [`${name} --version`, [...start, '--version']]);
    const commands = Object.fromEntries([...Object.entries(forms).map(([name, start]) => [name, [...start, 'fds', '--top']]), ...version]);
    const before = await interleave(meter, commands, ROUNDS);
    await load.addSleepers(SLEEPERS);
    const scenario = `fds --top, ${SLEEPERS} processes more`;
    const after = await run(meter, commands, ROUNDS, scenario);
    for (const name of Object.keys(forms)) {
      const own = median(after[name].map(({ cpuMs }) => cpuMs)) - median(before[name].map(({ cpuMs }) => cpuMs));
      checks.value(scenario, `${name}, CPU per 100 processes`, (own / SLEEPERS) * 100, smoke ? undefined : 8, ' ms');
    }
  } finally {
    await load.end();
  }
}

async function startUp(meter, contestants, checks) {
  const load = new Load();
  try {
    await load.addSleepers(1);
    const [pid] = load.pids.map(String);
    const commands = commandsOf(contestants, ['fds', pid], { lsof: ['-nP', '-p', pid] });
    for (const [name, runtime] of Object.entries(contestants.runtimes)) commands[`${name} -e 0`] = [runtime, '-e', '0'];
    const scenario = 'start-up, a small process';
    const costs = await run(meter, commands, 2 * ROUNDS + 1, scenario);
    checks.ratio(scenario, costs, 'single', 'lsof', 'wallMs', 2);
    for (const name of Object.keys(contestants.runtimes)) checks.ratio(scenario, costs, name, `${name} -e 0`, 'wallMs', 1.9);
  } finally {
    await load.end();
  }
}

function machine() {
  const [{ model }] = cpus();
  return `${cpus().length} CPUs (${model.trim()}), Linux ${release()}, Node ${process.versions.node}`;
}

const folder = mkdtempSync(join(tmpdir(), 'reloadctl-bench-'));
try {
  const meter = openMeter(folder);
  if (!meter) throw new Error('neither cc nor bash is there to measure with');
  const floor = compile('floor', folder);
  if (!floor) say('no cc: the C loop is skipped');
  const contestants = findContestants(folder, say);
  // The first run of a new Node keeps the code that it compiled: every later one is what users wait for.
  for (const start of Object.values(contestants.forms)) spawnSync(start[0], [...start.slice(1), 'fds', String(process.pid)], { stdio: 'ignore' });
  const checks = new Checks(smoke ? 2 : 1);
  await startUp(meter, contestants, checks);
  await top(meter, contestants, checks);
  await oneLarge(meter, contestants, floor, checks);
  await manyLarge(meter, contestants, floor, checks);
  process.stdout.write(`${markdown ? `${machine()}\n\n${checks.toMarkdown()}` : checks}\n`);
  if (checks.missed > 0) say(`${checks.missed} missed${smoke ? ', by more than twice' : ''}`);
  process.exitCode = checks.missed > 0 ? 1 : 0;
} catch (error) {
  say(error.message);
  process.exitCode = 2;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
