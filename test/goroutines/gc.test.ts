import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseGc } from '../../src/goroutines/gc/parse.ts';
import { quantile } from '../../src/goroutines/gc/quantile.ts';

const ring = (values: number[]): number[] => Array.from({ length: 256 }, (_, i) => values[i] ?? 0);
const heap = (pauses: number[], ends: number[], collections: number): string =>
  `heap profile: 1: 2 [3: 4] @ heap/1048576\n# runtime.MemStats\n# PauseNs = [${pauses.join(' ')}]\n# PauseEnd = [${ends.join(' ')}]\n# NumGC = ${collections}\n# NumForcedGC = 2\n# GCCPUFraction = 1.5e-05\n`;

describe('pauses', () => {
  it('are as many as there were collections, oldest first', () => {
    const stats = parseGc(heap(ring([1e6, 2e6, 3e6]), ring([1e15, 2e15, 3e15]), 3))!;
    expect(stats).toMatchObject({ pausesMs: [1, 2, 3], endsMs: [1e9, 2e9, 3e9], collections: 3, forced: 2, cpuFraction: 1.5e-5 });
  });

  it('wrap around: the last one is at (NumGC+255)%256', () => {
    const pauses = ring(Array.from({ length: 256 }, (_, i) => i * 1e6));
    const { pausesMs } = parseGc(heap(pauses, ring([]), 300))!;
    expect(pausesMs).toHaveLength(256);
    expect(pausesMs.at(-1)).toBeCloseTo((300 + 255) % 256);
    expect(pausesMs[0]).toBeCloseTo(44);
  });

  it('are the same out of /debug/vars', () => {
    const pauses = ring([1e6, 2e6]);
    const vars = JSON.stringify({ cmdline: ['/x'], memstats: { PauseNs: pauses, PauseEnd: ring([]), NumGC: 2, PauseTotalNs: 3e6, GCCPUFraction: 0.1 } });
    expect(parseGc(vars)).toMatchObject({ pausesMs: [1, 2], collections: 2, pauseTotalMs: 3 });
  });

  it('are undefined where the numbers are none the runtime writes', () => {
    expect(parseGc(JSON.stringify({ memstats: { NumGC: 2, PauseNs: [1e9, 'x', null] } }))).toBeUndefined();
    expect(parseGc(heap(ring([1e9]), ring([]), 1e20))).toBeUndefined();
    expect(parseGc(JSON.stringify({ memstats: { NumGC: -1, PauseNs: [] } }))).toBeUndefined();
  });

  it('are undefined elsewhere, and nothing throws', () => {
    for (const text of ['', '{}', '{"memstats":[]}', '[1]', 'hello', '# NumGC = 3']) expect(parseGc(text)).toBeUndefined();
    fc.assert(fc.property(fc.string(), (text) => void parseGc(text)));
    fc.assert(fc.property(fc.jsonValue(), (value) => void parseGc(JSON.stringify({ memstats: value }))));
  });

  it('have quantiles by nearest rank', () => {
    expect([0.5, 0.99, 1].map((part) => quantile([3, 1, 2], part))).toEqual([2, 3, 3]);
    expect(quantile([], 0.5)).toBe(0);
  });
});
