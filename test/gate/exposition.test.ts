import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Family } from '../../src/exporter/families.ts';
import { toText } from '../../src/exporter/text-format.ts';
import { growthOf } from '../../src/gate/exposition/growth.ts';
import { keyOf, NotMetrics, parseExposition, type Series } from '../../src/gate/exposition/parse.ts';
import { visible } from '../../src/render/index.ts';
import { quantileOf } from '../../src/gate/exposition/quantile.ts';

const parse = (text: string): Series[] => parseExposition(text).series.map(({ labels, ...rest }) => ({ ...rest, labels: { ...labels } }));

describe('metrics as text', () => {
  it('are read in both formats', () => {
    expect(parse('# HELP a b\n# TYPE a counter\na{code="200",path="/x \\"y\\" \\\\ \\n"} 1e3 1700000000000\r\n\n  b NaN\nc{} -Inf\nd{x="}",} .5\n')).toEqual([
      { name: 'a', labels: { code: '200', path: '/x "y" \\ \n' }, value: 1000, atMs: 1_700_000_000_000 },
      { name: 'b', labels: {}, value: Number.NaN },
      { name: 'c', labels: {}, value: Number.NEGATIVE_INFINITY },
      { name: 'd', labels: { x: '}' }, value: 0.5 },
    ]);
    expect(parse('a_total{x="1"} 5 1700000000.5 # {trace_id="abc"} 0.67 1700000000.1\n# EOF\n')).toEqual([{ name: 'a_total', labels: { x: '1' }, value: 5, atMs: 1_700_000_000_500 }]);
    expect(parse('{"my.metric","a b"="c"} 1\n')).toEqual([{ name: 'my.metric', labels: { 'a b': 'c' }, value: 1 }]);
  });

  it.each([
    ['<html>', 'line 1 is of no format'], ['a 1\nb\n', 'line 2'], ['a{x=1} 1', 'line 1'], ['a{x="1" 1', 'line 1'], ['a{x="1",x="2"} 1', 'line 1'], ['a one', 'line 1'], ['a 1 2 3', 'line 1'], ['{x="1"} 1', 'line 1'],
    ['a 1\na 2\n', 'line 2 tells a series again'], ['a{x="1",y="2"} 1\na{y="2",x="1"} 1\n', 'line 2 tells a series again'],
  ])('that are none are refused with their line: %j', (text, message) => {
    expect(() => parse(text)).toThrow(NotMetrics);
    expect(() => parse(text)).toThrow(message);
  });

  const name = fc.stringMatching(/^[a-z_][a-z0-9_]{0,8}$/);
  // A text says nothing of the sign of 0.
  const families = fc.uniqueArray(fc.record({ name, labels: fc.dictionary(name, fc.string({ unit: fc.constantFrom('a', ' ', '"', '\\', '{', '}', ',', '=', '#', '1') })), value: fc.oneof(fc.double({ noNaN: true }), fc.integer()).map((value) => value + 0) }), { selector: (one) => keyOf(one), maxLength: 8 });

  it('come back as an exporter wrote them', () => {
    fc.assert(fc.property(families, fc.constantFrom('prometheus' as const, 'openmetrics' as const), (rows, dialect) => {
      const written = rows.filter(({ value }) => Number.isFinite(value)).map(({ name: own, labels, value }): Family => ({ name: own, type: 'gauge', help: 'a \\ b', samples: [{ labels, value }] }));
      expect(parse(toText(written, dialect))).toEqual(written.map(({ name: own, samples }) => ({ name: own, labels: Object.fromEntries(Object.entries(samples[0]!.labels).map(([label, text]) => [label, visible(text)])), value: samples[0]!.value })));
    }));
  });

  it('of any text are series or an error that names the line', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('a', '{', '}', '"', '=', ',', ' ', '1', '\\', '\n', '#', '.', 'e', '-') })), (text) => {
      try {
        for (const { name: own } of parse(text)) expect(typeof own).toBe('string');
      } catch (error) {
        expect((error as Error).message).toMatch(/^line \d+ /);
      }
    }), { numRuns: 500 });
  });
});

describe('two looks at counters', () => {
  const series = (values: Record<string, number>): Series[] => Object.entries(values).map(([code, value]) => ({ name: code.startsWith('process') ? code : 'n', labels: { code }, value }));
  const grown = (before: Record<string, number>, after: Record<string, number>) => growthOf(series(before), series(after), new Set(['n']));

  it('tell by how much each grew; what is new began at nothing', () => {
    expect(grown({ 200: 5 }, { 200: 8, 503: 2 })).toMatchObject({ wasReset: false, counters: [{ by: 3 }, { by: 2 }] });
  });

  it.each([
    ['a counter fell', { 200: 5 }, { 200: 4 }], ['one is gone', { 200: 5, 503: 1 }, { 200: 9 }], ['the process is another one', { 200: 5, process_start_time_seconds: 1 }, { 200: 9, process_start_time_seconds: 2 }],
  ])('see a reset: %s', (_, before, after) => {
    expect(grown(before, after).wasReset).toBe(true);
  });
});

describe('a quantile of a histogram', () => {
  const buckets = (...counts: [number, number][]) => counts.map(([limit, count]) => ({ limit, count }));

  it('lies between the limits of its bucket, as Prometheus tells it', () => {
    // histogram_quantile(0.5, ...) of 10 in (0, 1], 30 in (1, 2]: 1 + 10/30.
    expect(quantileOf(0.5, buckets([1, 10], [2, 40], [Number.POSITIVE_INFINITY, 40]))).toEqual({ value: 1 + 10 / 30, isLeast: false });
    expect(quantileOf(0.1, buckets([1, 10], [2, 40], [Number.POSITIVE_INFINITY, 40]))).toEqual({ value: 0.4, isLeast: false });
  });

  it('above the largest limit is at least that', () => {
    expect(quantileOf(0.99, buckets([1, 10], [Number.POSITIVE_INFINITY, 40]))).toEqual({ value: 1, isLeast: true });
  });

  it.each([[[]], [buckets([1, 5], [2, 5])], [buckets([1, 0], [Number.POSITIVE_INFINITY, 0])], [buckets([Number.POSITIVE_INFINITY, 5])]])('of nothing, or without the last limit, is none: %j', (given) => {
    expect(quantileOf(0.9, given)).toBeUndefined();
  });

  it('grows with the share that is asked for, and keeps to its limits', () => {
    const histogram = fc.array(fc.tuple(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 0, max: 50 })), { minLength: 1, maxLength: 8 });
    fc.assert(fc.property(histogram, fc.double({ min: 0.01, max: 0.98, noNaN: true }), (steps, quantile) => {
      let all = 0;
      const given = steps.sort(([a], [b]) => a - b).map(([limit, count]) => ({ limit, count: (all += count) }));
      const whole = [...new Map(given.map((one) => [one.limit, one])).values(), { limit: Number.POSITIVE_INFINITY, count: all + 1 }];
      const [low, high] = [quantileOf(quantile, whole)!, quantileOf(quantile + 0.01, whole)!];
      expect(low.value).toBeLessThanOrEqual(high.value + 1e-9);
      expect(low.value).toBeGreaterThanOrEqual(0);
      expect(high.value).toBeLessThanOrEqual(whole.at(-2)!.limit);
    }));
  });
});
