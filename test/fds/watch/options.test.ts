import { describe, expect, it } from 'vitest';
import { parseWatch, watchOnTape } from '../../../src/fds/watch/options.ts';

describe('--watch and --interval', () => {
  it.each([
    ['30s', undefined, { windowMs: 30_000, intervalMs: 1000 }],
    ['10s', undefined, { windowMs: 10_000, intervalMs: 500 }],
    ['500ms', undefined, { windowMs: 500, intervalMs: 50 }],
    ['5m', '2s', { windowMs: 300_000, intervalMs: 2000 }],
    ['2s', '2s', { windowMs: 2000, intervalMs: 2000 }],
    [undefined, undefined, undefined],
  ])('%s, %s', (watch, interval, wanted) => {
    expect(parseWatch(watch, interval)).toEqual(wanted);
  });

  it.each([
    ['30', undefined, '--watch: 30 is not a time (use 30s, 500ms, 5m or 1h), did you mean 30s?'],
    ['0s', undefined, '--watch: 0s is no time at all'],
    ['-5s', undefined, '--watch: -5s is not a time (use 30s, 500ms, 5m or 1h)'],
    ['soon', undefined, '--watch: soon is not a time (use 30s, 500ms, 5m or 1h)'],
    ['', undefined, '--watch:  is not a time (use 30s, 500ms, 5m or 1h)'],
    ['10s', '20s', '--interval 20s is longer than --watch 10s'],
    ['10s', '0ms', '--interval: 0ms is no time at all'],
    ['10s', '1', '--interval: 1 is not a time (use 30s, 500ms, 5m or 1h), did you mean 1s?'],
    ['10s', '1ms', '--interval 1ms is too short: at least 50ms, or the watch becomes the load'],
    [undefined, '1s', '--interval needs --watch'],
  ])('%s, %s is refused', (watch, interval, message) => {
    expect(() => parseWatch(watch, interval)).toThrow(message);
  });

  it('on a tape is what was recorded', () => {
    const recorded = { windowMs: 20_000, intervalMs: 500 };
    expect(watchOnTape(undefined, recorded)).toBe(recorded);
    expect(watchOnTape({ windowMs: 20_000, intervalMs: 1000 }, recorded)).toBe(recorded);
    expect(watchOnTape(undefined, undefined)).toBeUndefined();
    expect(() => watchOnTape(recorded, undefined)).toThrow('this tape is one look');
    expect(() => watchOnTape({ windowMs: 30_000, intervalMs: 1000 }, recorded)).toThrow('this tape is a watch of 20 s');
  });
});
