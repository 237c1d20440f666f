import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { commandTrigger, markTrigger } from '../../../src/fds/events/triggers.ts';

const none = new AbortController().signal;

describe('marks', () => {
  it('are the lines of the input, however they come', async () => {
    const input = new PassThrough();
    const marks = markTrigger(input);
    input.write('\n\nwords');
    expect(await marks.next(none)).toEqual({ ok: true, exitCode: null, durationMs: 0 });
    expect(await marks.next(none)).toMatchObject({ ok: true });
    const third = marks.next(none);
    input.write(' and more\r\n');
    expect(await third).toMatchObject({ ok: true });
    input.end('no Enter');
    expect(await marks.next(none)).toBeUndefined();
    marks.close();
    expect(input.destroyed).toBe(true);
  });

  it('that came before the end count', async () => {
    const input = new PassThrough();
    input.end('\n\n');
    const marks = markTrigger(input);
    expect([await marks.next(none), await marks.next(none), await marks.next(none)].map(Boolean)).toEqual([true, true, false]);
  });

  it('end when the user stops', async () => {
    const stop = new AbortController();
    const marks = markTrigger(new PassThrough());
    const next = marks.next(stop.signal);
    stop.abort();
    expect(await next).toBeUndefined();
    expect(await marks.next(stop.signal)).toBeUndefined();
  });
});

describe('commands', () => {
  it('that fail say how', async () => {
    expect(await commandTrigger('exit 3', 20_000).next(none)).toMatchObject({ ok: false, exitCode: 3, problem: 'the command ended with exit code 3' });
    expect(await commandTrigger('kill -15 $$', 20_000).next(none)).toMatchObject({ ok: false, exitCode: 143, problem: 'the command was ended by signal 15' });
    expect(await commandTrigger('sleep 600', 300).next(none)).toMatchObject({
      ok: false,
      exitCode: null,
      problem: 'the command did not end in 300 ms and was killed (--event-timeout)',
    });
  });
});
