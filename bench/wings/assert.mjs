/** `assert`: what it adds to a command, what its preload costs a run of 1,000 small tests, and what the runners' own detectors cost the same run. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from '../measure.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MODULES = join(ROOT, 'fixtures/test-runners/node_modules');
const TESTS = 1000;

/** Small tests as they are written: something is opened and closed, something waits for a moment, something is computed. */
const BODY = `
const fs = require('node:fs');
const events = require('node:events');
for (let number = 0; number < ${TESTS}; number++) {
  test('small ' + number, async () => {
    if (number % 10 === 0) fs.closeSync(fs.openSync(__filename));
    if (number % 4 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    const emitter = new events.EventEmitter();
    const seen = [];
    emitter.on('data', (value) => seen.push(value));
    for (let value = 0; value < 20; value++) emitter.emit('data', value * number);
    await Promise.all(seen.map(async (value) => value + 1));
    if (JSON.parse(JSON.stringify(seen)).length !== 20) throw new Error('wrong');
  });
}
`;

async function emptyCommand(stage) {
  const { checks, rounds } = stage;
  const scenario = 'assert -- true';
  const costs = await stage.run({ ...stage.commandsOf(['assert', '-q', '--', 'true']), true: ['true'] }, scenario, 2 * rounds + 1);
  const of = (name) => median(costs[name].map(({ wallMs }) => wallMs));
  for (const name of Object.keys(stage.contestants.forms)) checks.value(scenario, `${name}, wall time added`, of(name) - of('true'), 250, ' ms');
}

async function smallTests(stage) {
  const { checks, smoke } = stage;
  const folder = join(stage.folder, 'small');
  const records = join(stage.folder, 'small-records');
  for (const path of [folder, records]) mkdirSync(path);
  writeFileSync(join(folder, 'node.cjs'), `const { test } = require('node:test');${BODY}`);
  writeFileSync(join(folder, 'small.test.js'), BODY);
  writeFileSync(join(folder, 'small.spec.mjs'), `import { createRequire } from 'node:module';\nimport { fileURLToPath } from 'node:url';\nconst require = createRequire(import.meta.url);\nconst __filename = fileURLToPath(import.meta.url);${BODY}`);
  writeFileSync(join(folder, 'package.json'), '{}');
  writeFileSync(join(folder, 'jest.config.cjs'), "module.exports = { testMatch: ['**/small.test.js'], cache: false };");
  writeFileSync(join(folder, 'vitest.config.mjs'), "export default { test: { include: ['small.spec.mjs'], globals: true, reporters: ['dot'] } };");
  const { NODE_OPTIONS: before = '' } = process.env;
  const preload = ['env', `RELOADCTL_ASSERT=${records}`, `NODE_OPTIONS=${before} --require ${join(ROOT, 'dist/assert-preload.cjs')}`];
  const pairs = async (scenario, commands, rounds, judged) => {
    const costs = await stage.run(commands, scenario, rounds);
    const [plain, ...others] = Object.keys(commands);
    for (const other of others) checks.ratio(scenario, costs, other, plain, 'cpuMs', judged && other === 'preload' ? 1.1 : undefined);
  };
  const node = [process.execPath, '--test', join(folder, 'node.cjs')];
  await pairs(`${TESTS} small tests, node:test`, { plain: node, preload: [...preload, ...node] }, smoke ? 5 : 15, true);
  if (smoke) return;
  if (!existsSync(join(MODULES, 'jest'))) return stage.say('npm ci in fixtures/test-runners: without it jest and vitest are left out');
  const jest = [process.execPath, join(MODULES, 'jest/bin/jest.js'), '--ci', '--runInBand', '--rootDir', folder, '--config', join(folder, 'jest.config.cjs')];
  await pairs(`${TESTS} small tests, jest`, { plain: jest, preload: [...preload, ...jest], '--detectOpenHandles': [...jest, '--detectOpenHandles'] }, 7);
  const vitest = [process.execPath, join(MODULES, 'vitest/vitest.mjs'), 'run', '--root', folder, '--config', join(folder, 'vitest.config.mjs')];
  await pairs(`${TESTS} small tests, vitest`, { plain: vitest, preload: [...preload, ...vitest], '--detect-async-leaks': [...vitest, '--detect-async-leaks'] }, 7);
}

export async function benchAssert(stage) {
  await emptyCommand(stage);
  await smallTests(stage);
}
