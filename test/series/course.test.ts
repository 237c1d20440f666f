import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Course } from '../../src/series/course.ts';

it('keeps the first and the last sample, in order, and never more than 601', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5000 }), (count) => {
      const course = new Course();
      for (let at = 0; at < count; at++) course.add(at * 10, at);
      const points = course.points();
      expect([points[0], points.at(-1)]).toEqual([{ atMs: 0, value: 0 }, { atMs: (count - 1) * 10, value: count - 1 }]);
      expect(points.length).toBeLessThanOrEqual(601);
      expect(points.length).toBeGreaterThanOrEqual(Math.min(count, 300));
      for (const [index, { atMs }] of points.entries()) if (index > 0) expect(atMs).toBeGreaterThan(points[index - 1]!.atMs);
    }),
    { numRuns: 60 },
  );
  expect(new Course().points()).toEqual([]);
});
