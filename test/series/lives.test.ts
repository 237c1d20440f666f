import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Lives, type Member } from '../../src/series/index.ts';

const of = (names: string, quality: 'exact' | 'weak' = 'exact'): Member<string>[] => [...names].map((name) => ({ identity: name, quality, item: name }));
const newLives = (): Lives<string> => new Lives({ sortOf: (item) => (item < 'n' ? 'first' : 'second'), nameOf: (item) => item });

/** Each argument is one sample, a second after the one before: its members. */
function watched(...samples: string[]): Lives<string> {
  const lives = newLives();
  for (const [index, names] of samples.entries()) lives.add(index * 1000, of(names));
  return lives;
}

describe('lives', () => {
  it('begin and end with the samples that tell', () => {
    const lives = watched('a', 'ab', 'b', 'b');
    expect(lives.living).toBe(1);
    expect(lives.sorts().flatMap(({ spans }) => spans)).toEqual([
      { bornAt: 0, goneAt: 2000, quality: 'exact', count: 1 },
      { bornAt: 1000, quality: 'exact', count: 1 },
    ]);
  });

  it('that no sample can tell apart are counted together', () => {
    const [sort] = watched('', 'abc', 'abc', '').sorts();
    expect(sort).toMatchObject({ spans: [{ bornAt: 1000, goneAt: 3000, count: 3 }], living: [] });
    // One that differs is enough to name the sort by.
    expect(sort?.examples).toEqual(['a', 'b']);
  });

  it('are sorted', () => {
    expect(watched('az', 'az').sorts().map(({ living }) => living)).toEqual([['a'], ['z']]);
  });

  it('that come back are others', () => {
    expect(watched('a', '', 'a').sorts()[0]?.spans).toHaveLength(2);
  });

  it('an identity that comes twice in a sample is one', () => {
    expect(watched('aa', 'aa').sorts()[0]?.spans).toEqual([{ bornAt: 0, quality: 'exact', count: 1 }]);
  });

  it('once doubtful are always doubtful', () => {
    const lives = newLives();
    lives.add(0, of('a'));
    lives.add(1000, of('a', 'weak'));
    lives.add(2000, of('a'));
    expect(lives.sorts()[0]?.spans).toMatchObject([{ quality: 'weak' }]);
  });

  it('that are forgotten never were', () => {
    const lives = watched('ab', 'ab');
    lives.forget((item) => item === 'a');
    lives.add(2000, of('b'));
    expect(lives.sorts().flatMap(({ spans }) => spans)).toEqual([{ bornAt: 0, quality: 'exact', count: 1 }]);
  });

  it('add up, in any order within a sample', () => {
    const sample = fc.uniqueArray(fc.constantFrom(...'abcdefxyz'), { maxLength: 9 });
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1, maxLength: 12 }), (samples) => {
        const lives = watched(...samples.map((names) => names.join('')));
        const reversed = watched(...samples.map((names) => names.toReversed().join('')));
        const spans = lives.sorts().flatMap((sort) => sort.spans);
        const count = (isMeant: (span: (typeof spans)[number]) => boolean): number => spans.reduce((sum, span) => sum + (isMeant(span) ? span.count : 0), 0);
        expect(count(({ bornAt }) => bornAt === 0)).toBe(samples[0]!.length);
        expect(count(({ goneAt }) => goneAt === undefined)).toBe(samples.at(-1)!.length);
        const sorted = (all: Lives<string>): string[] => all.sorts().flatMap((sort) => sort.spans.map((span) => JSON.stringify([span.bornAt, span.goneAt ?? null, span.count, span.quality]))).sort();
        expect(sorted(reversed)).toEqual(sorted(lives));
      }),
    );
  });
});
