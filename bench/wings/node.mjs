/** `node`: how long attaching takes, how long the target stands still for it, and what being watched costs it under load. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { median } from '../measure.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PROGRAM = `${ROOT}fixtures/programs/node-bench.mjs`;
const REGISTER = `${ROOT}dist/register.cjs`;
const HANDLES = 2000;
const CLIENTS = 10;

/** Ours, and the newest that is fetched: from 24 on stacks leave promises alone. */
function nodes() {
  const newest = `${ROOT}fixtures/runtimes/node24/node_modules/node-linux-${process.arch}/bin/node`;
  return { [`Node ${process.versions.node.split('.')[0]}`]: process.execPath, ...(existsSync(newest) && !process.version.startsWith('v24.') && { 'Node 24': newest }) };
}

/** A program of fixtures/programs; its lines one by one. */
async function start(node, options, args) {
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const child = spawn(node, ['--inspect-port=0', ...options, PROGRAM, ...args], { stdio: ['pipe', 'pipe', 'ignore'], env });
  const line = async () => String((await once(child.stdout, 'data'))[0]);
  const { pid, port } = JSON.parse(await line());
  return {
    pid,
    port,
    ask: async () => {
      const answer = line();
      child.stdin.write('pause?\n');
      return Number(await answer);
    },
    end: async () => {
      const over = once(child, 'exit');
      child.stdin.end();
      await over;
    },
  };
}

/** ms of CPU of all threads there are, to the nanosecond where the kernel counts so (CONFIG_SCHED_INFO), else in steps of 10 ms. */
function cpuOf(pid) {
  try {
    return readdirSync(`/proc/${pid}/task`).reduce((sum, tid) => sum + Number(readFileSync(`/proc/${pid}/task/${tid}/schedstat`, 'latin1').split(' ')[0]), 0) / 1e6;
  } catch {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  }
}

async function attaching(stage) {
  const { contestants, checks, meter, rounds } = stage;
  const scenario = `attach to ${HANDLES} handles, list, leave`;
  for (const [version, node] of Object.entries(nodes())) {
    const target = await start(node, [], ['many', String(HANDLES)]);
    try {
      // Old enough to be signalled.
      await delay(1200);
      const [form, command] = Object.entries(contestants.forms)[0];
      const costs = [];
      const pauses = [];
      for (let round = 0; round < rounds; round++) {
        await target.ask();
        const cost = await meter([...command, 'node', String(target.pid), '--yes', '-q']);
        if (cost.exit > 1) throw new Error(`${scenario}: ended with ${cost.exit}`);
        costs.push(cost);
        pauses.push(await target.ask());
      }
      checks.value(scenario, `${form} at ${version}, wall time`, median(costs.map(({ wallMs }) => wallMs)), 400, ' ms');
      checks.value(scenario, `${version}, longest pause of its loop`, median(pauses), stage.smoke ? undefined : 30, ' ms');
    } finally {
      await target.end();
    }
  }
}

/** CPU of the server per request, us: so many by so many clients over connections that are kept. */
async function costPerRequest({ pid, port }, requests) {
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
  let left = requests;
  const one = () => new Promise((resolve, reject) => get({ port, host: '127.0.0.1', agent }, (response) => response.resume().on('end', resolve)).on('error', reject));
  const before = cpuOf(pid);
  await Promise.all(Array.from({ length: CLIENTS }, async () => {
    while (left-- > 0) await one();
  }));
  agent.destroy();
  return ((cpuOf(pid) - before) * 1000) / requests;
}

/** Turns of two servers in a round. What else the machine does changes from second to second: short turns meet the same. */
const TURNS = 6;

/** Servers by turns, each round all of them: what each costs as part of the untouched one. */
async function underLoad(stage) {
  const { contestants, checks, rounds } = stage;
  const requests = 2000;
  const [command] = Object.values(contestants.forms);
  for (const [version, node] of Object.entries(nodes())) {
    const scenario = `an HTTP server under load, ${version}`;
    const servers = { untouched: await start(node, [], ['server']), preload: await start(node, ['--import', REGISTER], ['server']), watched: await start(node, [], ['server']) };
    try {
      await delay(1200);
      // Compiled and warm before anything is compared.
      for (const server of Object.values(servers)) await costPerRequest(server, 10_000);
      const besideUntouched = async (name) => {
        const ratios = [];
        for (let turn = 0; turn < rounds * TURNS; turn++) {
          // Who comes first changes, too.
          const [first, second] = turn % 2 === 0 ? ['untouched', name] : [name, 'untouched'];
          const costs = { [first]: await costPerRequest(servers[first], requests), [second]: await costPerRequest(servers[second], requests) };
          ratios.push(costs[name] / costs.untouched);
        }
        return median(ratios);
      };
      const check = (what, value, target) => checks.value(scenario, `CPU per request, ${what} / untouched`, value, target);
      check('preload', await besideUntouched('preload'), 1.1);
      // Two processes of one program differ by some percent for good: what that is for these two is known before anything is done.
      const before = await besideUntouched('watched');
      const watched = async (options, target) => {
        const watcher = spawn(command[0], [...command.slice(1), 'node', String(servers.watched.pid), '--yes', '-q', '--watch', '10m', ...options], { stdio: 'ignore' });
        await delay(3000);
        check(['attached', ...options].join(' '), (await besideUntouched('watched')) / before, target);
        const over = once(watcher, 'exit');
        watcher.kill('SIGINT');
        await over;
      };
      await watched([], 1.05);
      if (version === 'Node 24') await watched(['--stacks'], 1.1);
      check('after leaving', (await besideUntouched('watched')) / before, 1.05);
    } finally {
      for (const server of Object.values(servers)) await server.end();
    }
  }
}

export async function benchNode(stage) {
  await attaching(stage);
  // Ratios of a few seconds say nothing.
  if (!stage.smoke) await underLoad(stage);
}
