// The long truth of `assert --node`: every runner on every Node with one leak of each kind, and the fixed suite again and again. Exits 1
// when a leak is not told with its test and its line, or when a fixed suite is not green.
//   npm run assert:matrix [-- --times 10] [--only vitest] [--node 24]
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const SUITES = join(ROOT, 'fixtures/test-runners/suites');
const MODULES = join(SUITES, '../node_modules');
const { values } = parseArgs({ options: { times: { type: 'string', default: '10' }, only: { type: 'string', default: '' }, node: { type: 'string', default: '' } } });

const RUNNERS = {
  'node:test': ['--test', 'node.cjs'],
  'node:test --test-force-exit': ['--test', '--test-force-exit', 'node.cjs'],
  mocha: [join(MODULES, 'mocha/bin/mocha.js'), 'mocha.cjs'],
  jest: [join(MODULES, 'jest/bin/jest.js'), '--ci'],
  'vitest forks': [join(MODULES, 'vitest/vitest.mjs'), 'run', '--root', '.', '--pool', 'forks', '--config', 'vitest.config.mjs'],
  'vitest threads': [join(MODULES, 'vitest/vitest.mjs'), 'run', '--root', '.', '--pool', 'threads', '--config', 'vitest.config.mjs'],
};
const NODES = Object.fromEntries([
  [process.versions.node.split('.')[0], process.execPath],
  ...[22, 24, 26].map((major) => [String(major), join(ROOT, `fixtures/runtimes/node${major}/node_modules/node-linux-${process.arch}/bin/node`)]).filter(([, path]) => existsSync(path)),
]);
/** `line kind`, of each leak. */
const TRUTH = readFileSync(join(SUITES, 'body.cjs'), 'utf8').split('\n').flatMap((line, index) => {
  const kind = / \/\/ ([a-z]+(?:-[a-z]+)?)$/.exec(line)?.[1];
  return kind === undefined ? [] : [`${index + 1} ${kind}`];
}).sort();

function run(node, runner, leaks) {
  const { NODE_EXTRA_CA_CERTS: _1, NODE_OPTIONS: _2, ...env } = process.env;
  const started = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, 'bin/reloadctl.js'), 'assert', '--promises', '--json', '--timeout', '60s', '--', node, ...RUNNERS[runner]], { cwd: SUITES, encoding: 'utf8', maxBuffer: 2 ** 26, env: { ...env, LEAKS: leaks ? '1' : '0', CI: '1' } });
  try {
    return { status, report: JSON.parse(stdout), seconds: (performance.now() - started) / 1000 };
  } catch {
    throw new Error(`${runner}: ${stdout}${stderr}`);
  }
}

function told({ findings }) {
  return findings.filter(({ id, severity }) => id === 'node/test-leak' && severity !== 'info').map(({ evidence }) => {
    const of = (wanted) => evidence.find(({ name }) => name === wanted)?.value;
    return /^suite > leaves an? /.test(of('test') ?? '') ? `${/body\.cjs:(\d+):\d+$/.exec(of('site'))?.[1]} ${of('kind')}` : `no test: ${of('site')}`;
  }).sort();
}

let wrong = 0;
for (const [major, node] of Object.entries(NODES)) {
  if (values.node !== '' && values.node !== major) continue;
  for (const runner of Object.keys(RUNNERS)) {
    if (!runner.includes(values.only)) continue;
    const problems = [];
    const leaking = run(node, runner, true);
    const [missed, more] = [TRUTH.filter((one) => !told(leaking.report).includes(one)), told(leaking.report).filter((one) => !TRUTH.includes(one))];
    if (leaking.status !== 1 || missed.length > 0 || more.length > 0) problems.push(`leaking: exit ${leaking.status}${missed.length > 0 ? `, missed ${missed.join(', ')}` : ''}${more.length > 0 ? `, told besides ${more.join(', ')}` : ''}`);
    for (let time = 1; time <= Number(values.times); time++) {
      const { status, report } = run(node, runner, false);
      const loud = report.findings.filter(({ severity }) => severity !== 'info').map(({ title }) => title);
      if (status !== 0 || loud.length > 0) problems.push(`fixed, time ${time}: exit ${status} ${loud.join('; ')}`);
    }
    wrong += problems.length;
    process.stdout.write(`Node ${major}, ${runner}: ${problems.length === 0 ? `${TRUTH.length} of ${TRUTH.length} leaks told, ${values.times} times green (${leaking.seconds.toFixed(1)} s)` : problems.join('\n  ')}\n`);
  }
}
process.exitCode = wrong > 0 ? 1 : 0;
