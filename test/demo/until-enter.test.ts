import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { untilEnter } from '../../src/demo/until-enter.ts';

const never = new AbortController().signal;

describe('untilEnter', () => {
  it('waits for a whole line', async () => {
    const input = new PassThrough();
    let over = false;
    const waiting = untilEnter(input, never).then(() => (over = true));
    input.write('yes');
    await new Promise((resolve) => setImmediate(resolve));
    expect(over).toBe(false);
    input.write('\n');
    await waiting;
    expect(input.destroyed).toBe(true);
  });

  it('ends with the input', async () => {
    const input = new PassThrough();
    input.end();
    await untilEnter(input, never);
  });

  it('ends with the signal, before or while it waits', async () => {
    const controller = new AbortController();
    const waiting = untilEnter(new PassThrough(), controller.signal);
    controller.abort();
    await waiting;
    await untilEnter(new PassThrough(), controller.signal);
  });
});
