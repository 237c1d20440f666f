import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fits, type Room, recommended, roomOf } from '../../../src/inotify/limits/fit.ts';
import type { InotifyUser, Level, Use } from '../../../src/kernel/inotify-users/index.ts';

const number = fc.integer({ min: 0, max: 300_000 });
const use: fc.Arbitrary<Use> = fc
  .record({ used: number, more: fc.option(number), limit: fc.option(number) })
  .map(({ used, more, limit }) => ({ used, atMost: more === null ? null : used + more, limit }));
const level: fc.Arbitrary<Level> = fc.record({ userns: fc.constant('1'), uid: fc.constant(0), isFirst: fc.boolean(), instances: use, watches: use });
const user: fc.Arbitrary<InotifyUser> = fc.record({
  userns: fc.constant('1'),
  uid: fc.constant(0),
  levels: fc.array(level, { minLength: 1, maxLength: 4 }),
  isComplete: fc.boolean(),
  instances: fc.constant([]),
});

/** The truth about one level: somewhere between what was seen and what may be. */
const fitsReally = (truth: number, { limit }: Use, need: number): boolean => limit === null || truth + need <= limit;

describe('what is left', () => {
  it('is never said to be enough where it may not be, nor too little where it may be enough', () => {
    fc.assert(
      fc.property(user, number, (someone, need) => {
        const answer = fits(roomOf(someone, 'watches'), need);
        const uses = someone.levels.map(({ watches }) => watches);
        const best = uses.every((one) => fitsReally(one.used, one, need));
        const worst = uses.every((one) => one.atMost !== null && one.limit !== null && fitsReally(one.atMost, one, need));
        if (need === 0) expect(answer).toBe('yes');
        else if (!best) expect(answer).toBe('no');
        else expect(answer).toBe(worst && someone.isComplete ? 'yes' : 'unknown');
      }),
    );
  });

  it('what was tried is what is left', () => {
    const full: InotifyUser = { userns: '1', uid: 0, isComplete: false, instances: [], levels: [{ userns: '1', uid: 0, isFirst: true, instances: { used: 3, atMost: null, limit: 9 }, watches: { used: 0, atMost: 0, limit: 9 } }] };
    const room = (wanted: number, made: number): Room => roomOf({ ...full, tried: { wanted, made } }, 'instances');
    expect([fits(room(4, 4), 4), fits(room(4, 4), 5), fits(room(4, 2), 4), fits(room(4, 2), 2)]).toEqual(['yes', 'unknown', 'no', 'yes']);
    expect(room(4, 2)).toMatchObject({ left: 2, leftAtLeast: 2 });
  });
});

describe('a recommended limit', () => {
  it('is a power of two with room above what is needed', () => {
    fc.assert(
      fc.property(number, number, (used, need) => {
        const limit = recommended(used, need)!;
        expect(Number.isInteger(Math.log2(limit))).toBe(true);
        expect(limit).toBeGreaterThanOrEqual((used + need) * 1.25);
        expect(limit).toBeLessThanOrEqual(Math.max(1, (used + need + 1) * 2.5));
      }),
    );
    expect(recommended(128, 1)).toBe(256);
  });
});
