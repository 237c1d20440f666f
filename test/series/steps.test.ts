import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Floors, type Member, perEvent, stepsOf } from '../../src/series/index.ts';

const of = (...names: string[]): Member<string>[] => names.map((name) => ({ identity: name, quality: 'exact', item: name }));

/** Each argument is one floor: the names that are there. */
function steps(...floors: string[][]) {
  const book = new Floors<string>();
  for (const names of floors) book.add(of(...names));
  return stepsOf(book.all(), book.events);
}

describe('what events leave', () => {
  it('is what was opened by one and is there at the end', () => {
    expect(steps(['a'], ['a', 'b'], ['a', 'b', 'c'])).toMatchObject({ leftPerEvent: [1, 1], atStart: 1, atEnd: 3, quality: 'exact' });
  });

  it('is nothing where each event opens anew what it closes', () => {
    expect(steps(['log0'], ['log1'], ['log2'], ['log3'])).toMatchObject({ leftPerEvent: [0, 0, 0], atStart: 1, atEnd: 1 });
  });

  it('is nothing where old generations drain for two more events', () => {
    expect(steps(['g0'], ['g0', 'g1'], ['g0', 'g1', 'g2'], ['g1', 'g2', 'g3'], ['g2', 'g3', 'g4']).leftPerEvent).toEqual([0, 1, 1, 0]);
    expect(steps(['g0', 'g1', 'g2'], ['g1', 'g2', 'g3'], ['g2', 'g3', 'g4'], ['g3', 'g4', 'g5'], ['g4', 'g5', 'g6']).leftPerEvent).toEqual([0, 0, 0, 0]);
  });

  it('is the leak alone where the log is opened anew beside it', () => {
    expect(steps(['log0'], ['log1', 'x1'], ['log2', 'x1', 'x2'], ['log3', 'x1', 'x2', 'x3']).leftPerEvent).toEqual([1, 1, 1]);
  });

  it('does not count what comes and goes between, nor what came back', () => {
    expect(steps([], ['a'], [], ['a'])).toMatchObject({ leftPerEvent: [0, 0, 1], atEnd: 1 });
  });

  it('is doubtful when one of what is left is', () => {
    const book = new Floors<string>();
    book.add([]);
    book.add([{ identity: 'a', quality: 'weak', item: 'a' }]);
    book.add(of('a', 'b'));
    expect(stepsOf(book.all(), book.events).quality).toBe('weak');
  });

  it('knows no events before the second floor', () => {
    const book = new Floors<string>();
    expect(book.events).toBe(0);
    book.add(of('a'));
    expect([book.events, book.open]).toEqual([0, 1]);
    expect(stepsOf(book.all(), 0).leftPerEvent).toEqual([]);
  });

  it('adds up to the growth of the group, never below nothing', () => {
    const table = fc.uniqueArray(fc.integer({ min: 0, max: 20 }).map(String), { maxLength: 12 });
    fc.assert(
      fc.property(fc.array(table, { minLength: 1, maxLength: 8 }), (floors) => {
        const { leftPerEvent, left, atStart, atEnd } = steps(...floors);
        const total = leftPerEvent.reduce((sum, number) => sum + number, 0);
        expect(atStart).toBe(floors[0]!.length);
        expect(atEnd).toBe(floors.at(-1)!.length);
        expect(total).toBe(Math.max(0, atEnd - atStart));
        expect(left).toHaveLength(total);
      }),
    );
  });
});

describe('perEvent', () => {
  it('counts names of events and nothing else', () => {
    expect(perEvent([1, 1, 3, 0, undefined, 4], 3)).toEqual([2, 0, 1]);
  });
});
