import fc from 'fast-check';
import { expect, test } from 'vitest';
import { renderNdjson } from '../../src/render/ndjson.ts';
import type { Report } from '../../src/report/types.ts';
import { DANGEROUS, finding, HOSTILE, MemorySink, report } from './support.ts';

async function lines(of: Report): Promise<string[]> {
  const sink = new MemorySink();
  await renderNdjson(of, [], sink);
  return sink.lines;
}

test('one object per line, start first and end last', async () => {
  const shown = await lines(
    report({
      verdict: 'fail',
      findings: [finding()],
      data: {
        open: 2,
        limit: { soft: 1024, hard: null },
        groups: [{ kind: 'tcp', count: 2 }],
        fds: [{ fd: 0 }],
        processes: [{ pid: 42 }],
        names: ['a'],
      },
    }),
  );
  const parsed = shown.map((line) => JSON.parse(line));
  expect(parsed).toEqual([
    {
      type: 'start',
      schemaVersion: '1.0',
      tool: { name: 'reloadctl', version: '0.1.0' },
      command: 'fds',
      startedAt: '2026-11-22T02:00:00.000Z',
      host: { kernel: '6.18.0', hostname: 'web1' },
      target: { spec: 'nginx', label: 'nginx', pids: [42] },
    },
    { type: 'finding', ...finding() },
    { type: 'coverage', source: '/proc/42/fd', status: 'ok', needed: true },
    { type: 'data', open: 2, limit: { soft: 1024, hard: null } },
    { type: 'group', kind: 'tcp', count: 2 },
    { type: 'fd', fd: 0 },
    { type: 'process', pid: 42 },
    { type: 'names', value: 'a' },
    { type: 'end', complete: true, verdict: 'fail', durationMs: 12.4 },
  ]);
  expect(shown.every((line) => line.startsWith('{"type":"'))).toBe(true);
});

test("a row's own type is kept beside that of the line", async () => {
  const [, , row] = await lines(report({ data: { events: [{ type: 'MODIFY', wd: 1 }] } }));
  expect(row).toBe('{"type":"events","wd":1,"rowType":"MODIFY"}');
});

test('whatever the rows hold, every line parses alone and is safe to show', async () => {
  const rows = fc.array(fc.oneof(fc.jsonValue(), fc.constant(HOSTILE), fc.object({ maxDepth: 2, withBigInt: false })), { maxLength: 10 });
  await fc.assert(
    fc.asyncProperty(rows, fc.string(), async (values, name) => {
      const shown = await lines(report({ data: { [`rows${name}`]: values, scalar: name } }));
      expect(shown).toHaveLength(values.length + 4);
      for (const line of shown) {
        expect(JSON.parse(line)).toHaveProperty('type');
        expect(line).not.toMatch(DANGEROUS);
      }
    }),
  );
});
