// Watches leaking and healthy programs with a known truth, each several times, and counts wrong verdicts. Exits 1 when there is one.
//   node scripts/zoo.mjs [--times 10] [--only TEXT] [--set tune|judge] [--watch 20s] [--interval 500ms] [--at-once 16] [--binary bin/reloadctl.js]
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { members, start } from './zoo/programs.mjs';
import { verdictOf } from './zoo/verdict.mjs';

const string = (value) => ({ type: 'string', default: value });
const { values } = parseArgs({
  options: {
    times: string('10'), only: string(''), set: string(''), watch: string('20s'), interval: string('500ms'), 'at-once': string('16'),
    binary: string(fileURLToPath(new URL('../bin/reloadctl.js', import.meta.url))),
  },
});
const run = promisify(execFile);
const { NODE_EXTRA_CA_CERTS: _slow, ...env } = process.env;

async function look(pid) {
  const args = [values.binary, 'fds', String(pid), '--watch', values.watch, '--interval', values.interval, '--json'];
  const { stdout } = await run(process.execPath, args, { env, maxBuffer: 2 ** 28 }).catch((error) => {
    // 1: there are findings, 3: not everything could be judged.
    if (error.code === 1 || error.code === 3) return error;
    throw error;
  });
  return JSON.parse(stdout);
}

async function judge(member) {
  const { truth, stop } = await start(member);
  try {
    return { truth, ...verdictOf(truth, await look(truth.pid)) };
  } finally {
    await stop();
  }
}

const chosen = members().filter(({ name, set }) => name.includes(values.only) && set.includes(values.set));
const results = new Map(chosen.map(({ name }) => [name, []]));
// Members take turns, so that those that are looked at together differ.
const queue = Array.from({ length: Number(values.times) }, () => chosen).flat();
const total = queue.length;
const began = performance.now();

async function work() {
  for (let member = queue.shift(); member; member = queue.shift()) {
    const result = await judge(member).catch((error) => ({ wrong: `failed: ${error.message.slice(0, 300)}` }));
    results.get(member.name).push(result);
    if (result.wrong) console.log(`${member.name}: ${result.wrong}`);
  }
}

console.log(`${chosen.length} programs, ${values.times} times each, for ${values.watch}`);
await Promise.all(Array.from({ length: Number(values['at-once']) }, work));

const percent = (part) => `${Math.round(part * 100)} %`;
let wrong = 0;
for (const { name, set } of chosen) {
  const own = results.get(name);
  const bad = own.filter((result) => result.wrong).length;
  wrong += bad;
  const { leak } = own.find(({ truth }) => truth)?.truth ?? {};
  const rates = own.flatMap(({ rate }) => rate ?? []);
  const truth = leak ? `${[leak.kind].flat().join(', ')}${typeof leak.perSecond !== 'number' ? '' : ` ${leak.perSecond}/s`}${leak.expects === 'likely' ? '' : `, a ${leak.expects}`}` : 'healthy';
  const found = rates.length > 0 ? `rate ${percent(Math.min(...rates))} to ${percent(Math.max(...rates))}` : '';
  console.log(`${name.padEnd(32)} ${set.padEnd(6)} ${truth.padEnd(24)} ${String(own.length - bad).padStart(3)} of ${own.length} right  ${found}`);
}
console.log(`${total} verdicts, ${wrong} wrong, ${Math.round((performance.now() - began) / 1000)} s`);
process.exitCode = wrong > 0 ? 1 : 0;
