import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseEvents } from '../../../src/fds/events/options.ts';
import { UserError } from '../../../src/kernel/user-error.ts';

describe('--per-event and --mark', () => {
  it('are off unless asked for', () => {
    expect(parseEvents({})).toBeUndefined();
  });

  it('have usual times', () => {
    expect(parseEvents({ perEvent: 'kill -HUP 1' })).toEqual({ command: 'kill -HUP 1', times: 10, settleMs: 2000, timeoutMs: 30_000 });
    expect(parseEvents({ mark: true })).toEqual({ times: Infinity, settleMs: 2000, timeoutMs: 30_000 });
  });

  it('take others', () => {
    expect(parseEvents({ perEvent: 'x', times: '20', settle: '500ms', eventTimeout: '2m' })).toEqual({ command: 'x', times: 20, settleMs: 500, timeoutMs: 120_000 });
    expect(parseEvents({ mark: true, times: '3' })).toMatchObject({ times: 3 });
  });

  it.each([
    [{ perEvent: 'x', times: '0' }, /--times: 0 is not a number of events/],
    [{ perEvent: 'x', times: '-3' }, /--times: -3/],
    [{ perEvent: 'x', times: '2.5' }, /--times: 2\.5/],
    [{ perEvent: 'x', times: 'often' }, /--times: often/],
    [{ perEvent: 'x', times: '1000000000' }, /--times: 1000000000/],
    [{ mark: true, times: '0' }, /--times: 0/],
    [{ perEvent: 'x', settle: '2' }, /did you mean 2s/],
    [{ perEvent: 'x', settle: '0s' }, /--settle: 0s is no time at all/],
    [{ perEvent: 'x', eventTimeout: '-1s' }, /--event-timeout: -1s is not a time/],
    [{ perEvent: '  ' }, /--per-event: the command is empty/],
    [{ perEvent: 'x', mark: true }, /exclude each other/],
    [{ mark: true, eventTimeout: '1s' }, /--event-timeout is for --per-event/],
    [{ times: '3' }, /--times needs --per-event or --mark/],
    [{ settle: '3s' }, /--settle needs/],
    [{ eventTimeout: '3s' }, /--event-timeout needs/],
    [{ perEvent: 'x', watch: '30s' }, /--per-event and --watch exclude/],
    [{ mark: true, top: true }, /--mark and --top exclude/],
    [{ perEvent: 'x', from: 'a.rctl' }, /--per-event and --from exclude/],
  ])('%j cannot work', (options, message) => {
    expect(() => parseEvents(options)).toThrow(message);
    expect(() => parseEvents(options)).toThrow(UserError);
  });

  it('take any other text for an error of the user, never of ours', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (times, settle, eventTimeout) => {
        try {
          const parsed = parseEvents({ perEvent: 'x', times, settle, eventTimeout })!;
          expect(parsed.times).toBeGreaterThan(0);
          expect(parsed.settleMs).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
        }
      }),
    );
  });
});
