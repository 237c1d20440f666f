/** One suite in four runners, with a leak of each kind and without any. Every runner on every Node, ten times: npm run assert:matrix. */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { AssertData } from '../../src/assert/data.ts';
import type { Report } from '../../src/report/types.ts';
import { describeNeeds } from './support/need.ts';
import { ownFolder } from './support/program.ts';
import { hasNode, nodeOf } from './support/runtimes.ts';

const ENTRY = join(import.meta.dirname, '../../bin/reloadctl.js');
const SUITES = join(import.meta.dirname, '../../fixtures/test-runners/suites');
const BIN = join(SUITES, '../node_modules/.bin');
/** Line of each kind. */
const LINES = new Map(readFileSync(join(SUITES, 'body.cjs'), 'utf8').split('\n').flatMap((line, index) => {
  const kind = / \/\/ ([a-z]+(?:-[a-z]+)?)$/.exec(line)?.[1];
  return kind === undefined ? [] : [[kind, index + 1] as const];
}));

const RUNNERS: Record<string, string[]> = {
  mocha: [join(BIN, 'mocha'), 'mocha.cjs'],
  'node:test': [process.execPath, '--test', 'node.cjs'],
  jest: [join(BIN, 'jest'), '--ci'],
  vitest: [join(BIN, 'vitest'), 'run', '--root', '.', '--config', 'vitest.config.mjs'],
};

function run(command: string[], isLeaking: boolean): Promise<{ code: number; report: Report<AssertData>; output: string }> {
  const { VITEST: _1, VITEST_WORKER_ID: _2, VITEST_POOL_ID: _3, NODE_OPTIONS: _4, NODE_TEST_CONTEXT: _5, ...env } = process.env;
  return new Promise((resolve, reject) => {
    // What was left is ended soon; what is closed may take its time.
    const args = [ENTRY, 'assert', '--promises', '--json', ...(isLeaking ? ['--grace', '300ms'] : []), '--timeout', '50s', '--', ...command];
    execFile(process.execPath, args, { cwd: SUITES, env: { ...env, LEAKS: isLeaking ? '1' : '0', CI: '1' }, timeout: 60_000, maxBuffer: 2 ** 24 }, (error, stdout, stderr) => {
      try {
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, report: JSON.parse(stdout) as Report<AssertData>, output: stderr });
      } catch {
        reject(new Error(stdout + stderr));
      }
    });
  });
}

function expectAll({ report, output }: Awaited<ReturnType<typeof run>>): void {
  const leaks = report.data.leaks.filter(({ id }) => id === 'node/test-leak');
  const lines = leaks.map(({ site }) => Number(/body\.cjs:(\d+):\d+$/.exec(site ?? '')?.[1])).sort((a, b) => a - b);
  expect(lines, output).toEqual([...LINES.values()].sort((a, b) => a - b));
  for (const { test, title } of leaks) expect(test, title).toMatch(/^suite > leaves an? /);
}

describeNeeds(['strace', 'test-runners'], 'assert --node', () => {
  it.each(Object.entries(RUNNERS))('%s: red with test and line of each kind, and green once they are closed', { timeout: 60_000 }, async (_, command) => {
    expect(LINES.size).toBe(11);
    const [leaking, fixed] = await Promise.all([run(command, true), run(command, false)]);
    expectAll(leaking);
    expect(leaking.code).toBe(1);
    const loud = fixed.report.findings.filter(({ severity }) => severity !== 'info').map(({ title }) => title);
    expect({ code: fixed.code, loud }, fixed.output).toEqual({ code: 0, loud: [] });
  });

  it.skipIf(!hasNode(24))('threads of vitest, and node:test --test-force-exit of Node 24', { timeout: 60_000 }, async () => {
    const [threads, forced] = await Promise.all([run([...RUNNERS.vitest!, '--pool', 'threads'], true), run([nodeOf(24), '--test', '--test-force-exit', 'node.cjs'], true)]);
    expectAll(threads);
    expectAll(forced);
  });

  it('node:test: what a hook makes, before any test, and both ends of a connection, which hold the loop', { timeout: 60_000 }, async () => {
    const file = join(ownFolder('hooks'), 'hooks.test.mjs');
    const lines = ["import net from 'node:net';", "import { after, before, beforeEach, describe, test } from 'node:test';", 'let server;', 'before(() => { server = net.createServer().listen(0); });', 'beforeEach(() => { net.createServer().listen(0); });', "describe('group', () => { test('one', async () => { const socket = net.connect(server.address().port); await new Promise((resolve) => server.once('connection', resolve)); }); });", 'after(() => { server.close(); });'];
    writeFileSync(file, lines.join('\n'));
    const { code, report, output } = await run([process.execPath, '--test', file], false);
    const told = report.data.leaks.map(({ id, test, site }) => `${id} ${test}:${/:(\d+):\d+$/.exec(site ?? '')?.[1]}`).sort();
    expect(told, output).toEqual([expect.stringMatching(/^node\/test-leak (?:group > )?one:5$/), 'node/test-leak group > one:6']);
    expect(code).toBe(1);
  });

  it.concurrent('is inconclusive where no runner is known, and where there is no Node', async () => {
    const plain = await run([process.execPath, '-e', '0'], false);
    expect(plain.code).toBe(3);
    expect(plain.report.coverage).toContainEqual(expect.objectContaining({ source: 'handles of tests', status: 'unsupported', needed: true }));
    const none = await run(['true'], false);
    expect(none.code).toBe(3);
    expect(none.report.coverage).toContainEqual(expect.objectContaining({ source: 'handles of tests', status: 'absent', needed: true }));
  });
});
