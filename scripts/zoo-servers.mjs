// Real servers under traffic, healthy and with a planted leak (every 50th close is forgotten), all watched at the same time.
// Exits 1 when a healthy one has fd/growth above info, or a leak is not found, or its rate is off by more than a fifth.
//   node scripts/zoo-servers.mjs [--watch 10m] [--only TEXT] [--binary bin/reloadctl.js]
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { members, start } from './zoo/programs.mjs';
import { startServer, timesIn } from './zoo/servers.mjs';
import { verdictOf } from './zoo/verdict.mjs';

const { values } = parseArgs({
  options: {
    watch: { type: 'string', default: '10m' }, only: { type: 'string', default: '' },
    binary: { type: 'string', default: fileURLToPath(new URL('../bin/reloadctl.js', import.meta.url)) },
  },
});
const run = promisify(execFile);
const { NODE_EXTRA_CA_CERTS: _slow, ...env } = process.env;
const logs = mkdtempSync(join(tmpdir(), 'reloadctl-zoo-'));

async function ownServer(member, leaks) {
  const log = join(logs, member.replace('/', '-'));
  process.env.FORGET_LOG = log;
  const found = members().find(({ name }) => name === member);
  if (!found) throw new Error(`no ${member} here`);
  const { truth, stop } = await start(found);
  return { pid: truth.pid, stop, forgotten: () => (leaks ? timesIn(log, truth.pid) : []) };
}

const cases = [false, true].flatMap((leaks) => [
  ...['nginx', 'redis', 'postgres'].map((name) => ({ name, leaks, kind: 'socket', open: () => startServer(name, leaks) })),
  ...['node', 'go'].map((name) => ({ name, leaks, kind: 'file', open: () => ownServer(`${name}/${leaks ? 'http-forgets' : name === 'go' ? 'http' : 'http-server'}`, leaks) })),
]);

async function look(pid) {
  const { stdout } = await run(process.execPath, [values.binary, 'fds', String(pid), '--watch', values.watch, '--json'], { env, maxBuffer: 2 ** 28 }).catch((error) => {
    if (error.code === 1 || error.code === 3) return error;
    throw error;
  });
  return JSON.parse(stdout);
}

async function judge({ leaks, kind, server }) {
  const began = Date.now();
  const report = await look(server.pid);
  const ended = Date.now();
  const times = server.forgotten().filter((when) => when >= began && when <= ended);
  const perSecond = (times.length / (ended - began)) * 1000;
  const { watch } = report.data;
  return { perSecond, opened: watch.births, closed: watch.deaths, others: report.findings.filter(({ severity }) => severity !== 'info').map(({ id }) => id), ...verdictOf({ leak: leaks ? { kind, perSecond, expects: 'likely' } : null }, report) };
}

const chosen = cases.filter(({ name }) => name.includes(values.only));
// One after the other: two servers that look for a free port at once may find the same.
for (const one of chosen) one.server = await one.open().catch((error) => void console.log(`left out: ${one.name}: ${error.message}`));
const there = chosen.filter(({ server }) => server);
let wrong = 0;
await Promise.all(
  there.map(async (one) => {
    const result = await judge(one).catch((error) => ({ wrong: `failed: ${error.message.slice(0, 300)}` }));
    if (result.wrong) wrong++;
    const rate = result.rate === undefined ? '' : `rate ${Math.round(result.rate * 100)} % of ${result.perSecond.toFixed(2)}/s`;
    console.log(`${one.name.padEnd(10)} ${(one.leaks ? 'forgets' : 'healthy').padEnd(8)} ${result.wrong ?? 'right'}  ${rate}  +${result.opened} -${result.closed}  ${result.others?.join(' ')}`);
  }),
);
await Promise.all(there.map(({ server }) => server.stop()));
rmSync(logs, { recursive: true });
console.log(`${there.length} verdicts, ${wrong} wrong`);
process.exitCode = wrong > 0 ? 1 : 0;
