import fc from 'fast-check';
import { expect, test } from 'vitest';
import { renderJson } from '../../src/render/json.ts';
import type { Report } from '../../src/report/types.ts';
import { DANGEROUS, finding, HOSTILE, MemorySink, report } from './support.ts';

async function json(of: Report): Promise<MemorySink> {
  const sink = new MemorySink();
  await renderJson(of, [], sink);
  return sink;
}

const data = fc.dictionary(fc.string(), fc.oneof(fc.anything(), fc.array(fc.object(), { maxLength: 5 })));

test('the text is that of JSON.stringify with two spaces', async () => {
  const plain = report({ findings: [finding()], data: { open: 3, limit: {}, none: [], fds: [{ fd: 0 }, { fd: 1, nested: [1, [2]] }] } });
  expect((await json(plain)).text).toBe(`${JSON.stringify(plain, null, 2)}\n`);
});

test('whatever the data holds, it parses to what JSON.stringify gives', async () => {
  await fc.assert(
    fc.asyncProperty(data, async (values) => {
      let expected: string;
      try {
        expected = JSON.stringify(report({ data: values }));
      } catch {
        // Cycles and big integers: no report holds them.
        return fc.pre(false);
      }
      expect(JSON.parse((await json(report({ data: values }))).text)).toEqual(JSON.parse(expected));
    }),
    { numRuns: 500 },
  );
});

test('hostile text is escaped and stays the same value', async () => {
  const evil = report({ data: { [HOSTILE]: HOSTILE, fds: [{ target: HOSTILE }] } });
  const { text } = await json(evil);
  expect(text).not.toMatch(DANGEROUS);
  expect(JSON.parse(text)).toEqual(evil);
});

test('many rows are written in small pieces, never as one string', async () => {
  const fds = Array.from({ length: 50_000 }, (_, fd) => ({ fd, kind: 'file', target: `/srv/${fd}` }));
  const { chunks, text } = await json(report({ data: { fds } }));
  expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThan(1000);
  expect(JSON.parse(text).data.fds).toEqual(fds);
});
