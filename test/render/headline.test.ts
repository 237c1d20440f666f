import { expect, test } from 'vitest';
import type { Report } from '../../src/report/types.ts';
import { finding, report, text } from './support.ts';

test('could not look is never OK', async () => {
  const denied = report({
    verdict: 'inconclusive',
    coverage: [
      { source: '/proc/42/comm', status: 'ok', needed: true },
      { source: '/proc/42/maps', status: 'timeout', needed: false },
      { source: '/proc/42/fd', status: 'denied', detail: 'EACCES', fix: 'sudo reloadctl fds 42', needed: true },
    ],
  });
  expect(await text(denied)).toMatchInlineSnapshot(`
    "INCONCLUSIVE  could not look: /proc/42/fd (denied: EACCES)

    looked at nginx (pid 42) on web1, 2026-11-22T02:00:00.000Z, 12 ms
    Not fully read:
      /proc/42/maps  timeout
      /proc/42/fd  denied, needed for the verdict: EACCES
        fix: sudo reloadctl fds 42
    "
  `);
  expect(await text({ ...denied, coverage: [] }, [], { quiet: true })).toBe('INCONCLUSIVE  could not look\n');
  expect(await text({ ...denied, findings: [finding()] }, [], { quiet: true })).toBe(
    'WARNING  sockets to 10.0.0.5:5432 grow by 23 a minute (likely); inconclusive: could not look: /proc/42/fd (denied: EACCES)\n',
  );
});

test.each<[string, Partial<Report>]>([
  ['OK  nothing wrong found; 1 note', { findings: [finding({ severity: 'info' })] }],
  ['OK  nothing new, and nothing worse than before', { command: 'diff' }],
  ['INFO  sockets to 10.0.0.5:5432 grow by 23 a minute (likely)', { findings: [finding({ severity: 'info' })], verdict: 'fail' }],
  [
    'OK  nothing wrong found in what could be read (1 source not fully read)',
    { coverage: [{ source: 'x', status: 'absent', needed: false }] },
  ],
  [
    'INCONCLUSIVE  could look only in part: x (partial) and 1 more source',
    {
      verdict: 'inconclusive',
      coverage: [
        { source: 'x', status: 'partial', needed: true },
        { source: 'y', status: 'partial', needed: true },
      ],
    },
  ],
  ['FAIL  failed, and no finding says why', { verdict: 'fail' }],
  ['FAIL  nobody listens on port 9990', { verdict: 'fail', coverage: [{ source: 'target', status: 'absent', detail: 'nobody listens on port 9990', needed: true }] }],
  [
    'WARNING  b (certain), and 1 more finding',
    { findings: [finding({ title: 'a', confidence: 'hint' }), finding({ title: 'b', confidence: 'certain' })] },
  ],
])('headline: %s', async (expected, changes) => {
  expect(await text(report(changes), [], { quiet: true })).toBe(`${expected}\n`);
});
