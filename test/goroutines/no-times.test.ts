import { describe, expect, it } from 'vitest';
import { ageOf } from '../../src/goroutines/process-age.ts';
import { noTimes } from '../../src/goroutines/source/no-times.ts';

describe('waiting times that no collection has noted', () => {
  it('are told to be unknown, of a process that is old enough to have some', () => {
    expect(noTimes(7, { hasTimes: false, read: 9 }, 300_000)).toEqual([{ source: '/proc/7/mem (waiting times)', status: 'partial', detail: expect.stringContaining('the process runs for 5 min'), needed: false }]);
  });

  it.each<[string, boolean, number, number | null]>([
    ['one is known', true, 9, 300_000],
    ['it is young', false, 9, 60_000],
    ['its age is not known', false, 9, null],
    ['nobody was read', false, 0, 300_000],
  ])('not when %s', (_, hasTimes, read, age) => {
    expect(noTimes(7, { hasTimes, read }, age)).toEqual([]);
  });
});

it('the age of a process is none where a start or the uptime is not told', () => {
  expect([ageOf('1000', 30_000), ageOf('9000', 30_000), ageOf('x', 30_000), ageOf('1000', Number.NaN)]).toEqual([20_000, 0, null, null]);
});
