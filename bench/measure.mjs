/** What a whole program costs, children and start-up included: CPU, wall time and peak memory. */
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(new URL('.', import.meta.url));

/** Compiles a C file of this folder; undefined without a compiler. */
export function compile(name, folder) {
  const output = join(folder, name);
  const { status } = spawnSync('cc', ['-O2', '-o', output, join(HERE, `${name}.c`)], { stdio: 'ignore' });
  return status === 0 ? output : undefined;
}

/**
 * Measures through cost.c, or through bash's `time` where nothing can be compiled: then memory is not known.
 * NODE_EXTRA_CA_CERTS costs Node 20 0.1 s at every start, and has nothing to do with us.
 */
export function openMeter(folder) {
  const cost = compile('cost', folder);
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  if (cost === undefined && spawnSync('bash', ['-c', ':']).status !== 0) return undefined;
  return (command) => (cost === undefined ? throughBash(command, env) : throughHelper(cost, command, env));
}

async function throughHelper(cost, command, env) {
  const child = spawn(cost, command, { env, stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  const [cpuUs, wallUs, peakKiB, exit] = (await textOf(child, child.stdio[3])).trim().split(' ').map(Number);
  return { cpuMs: cpuUs / 1000, wallMs: wallUs / 1000, peakKiB, exit };
}

async function throughBash(command, env) {
  const script = 'TIMEFORMAT="%R %U %S"; time "$@" >/dev/null 2>/dev/null </dev/null; echo "$?" >&2';
  const child = spawn('bash', ['-c', script, 'bash', ...command], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const [wall, user, system, exit] = (await textOf(child, child.stderr)).trim().split(/\s+/).map(Number);
  return { cpuMs: (user + system) * 1000, wallMs: wall * 1000, peakKiB: undefined, exit };
}

function textOf(child, stream) {
  return new Promise((resolve, reject) => {
    let text = '';
    stream.setEncoding('utf8').on('data', (part) => (text += part));
    child.on('error', reject).on('close', () => resolve(text));
  });
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Runs all commands one after the other, `rounds` times over, so that whatever else the machine does hits them alike.
 * @param commands name to argument vector
 * @returns name to its costs, one per round
 */
export async function interleave(meter, commands, rounds) {
  const costs = Object.fromEntries(Object.keys(commands).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, command] of Object.entries(commands)) costs[name].push(await meter(command));
  }
  return costs;
}

/** Median over the rounds of one cost as part of another's in the same round. */
export function ratio(costs, name, to, what) {
  if (!costs[name] || !costs[to]) return undefined;
  const each = costs[name].map((cost, round) => cost[what] / costs[to][round][what]);
  return each.some(Number.isNaN) ? undefined : median(each);
}
