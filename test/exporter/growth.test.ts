import { describe, expect, it } from 'vitest';
import { Growth } from '../../src/exporter/growth.ts';

/** @param counts one every 30 s */
function grown(counts: readonly number[]): number | null {
  const growth = new Growth();
  for (const [index, count] of counts.entries()) growth.add(index * 30_000, new Map([['app', count]]));
  return growth.perMinute('app');
}

describe('growth', () => {
  it('of a leak is its rate', () => {
    expect(grown(Array.from({ length: 20 }, (_, index) => 100 + index * 5))).toBeCloseTo(10);
  });

  it('of what comes and goes is none', () => {
    expect(grown(Array.from({ length: 20 }, (_, index) => (index % 5 === 0 ? 100 : 100 + index * 40)))).toBeCloseTo(0);
  });

  it('is not told before it was seen for a minute, six times', () => {
    expect(grown([1, 2, 3, 4, 5])).toBeNull();
    const quick = new Growth();
    for (let index = 0; index < 20; index++) quick.add(index * 1000, new Map([['app', index]]));
    expect(quick.perMinute('app')).toBeNull();
    expect(quick.perMinute('other')).toBeNull();
  });

  it('is the same however often it is looked at', () => {
    const often = new Growth();
    for (let second = 0; second < 600; second++) often.add(second * 1000, new Map([['app', 100 + second]]));
    expect(often.perMinute('app')).toBeCloseTo(60);
  });

  it('forgets what is older than ten minutes', () => {
    expect(grown([...Array.from({ length: 20 }, (_, index) => index * 100), ...Array.from({ length: 40 }, () => 5000)])).toBeCloseTo(0);
  });
});
