import { describe, expect, it } from 'vitest';
import type { Evidence } from '../../../src/evidence/types.ts';
import { watchQueues } from '../../../src/inotify/instances/queue.ts';

/** A queue that holds `bytes` at the looks, `everyMs` apart. */
async function seen(bytes: readonly number[], everyMs: number, stopped = false) {
  let now = 0;
  let look = 0;
  const evidence = {
    sleep: async () => void (now += everyMs),
    inotify: { queueBytes: () => ({ value: bytes[Math.min(look++, bytes.length - 1)], at: now, source: 'FIONREAD' }) },
  } as unknown as Evidence;
  const options = { windowMs: everyMs * (bytes.length - 1), limit: 16_384, signal: new AbortController().signal };
  const { byInstance } = await watchQueues(evidence, [{ pid: 1, fd: 3, stopped }], options);
  return byInstance.get('1:3');
}

describe('a queue that is looked at for a while', () => {
  it.each<[string, number[], string]>([
    ['nothing in it', [0, 0, 0, 0], 'empty'],
    ['emptied in the end', [3200, 3200, 0], 'empty'],
    ['it never became shorter', [3200, 3200, 6400, 6400], 'stuck'],
    ['it became shorter', [3200, 6400, 3200, 6400], 'draining'],
    ['empty until just now', [0, 0, 0, 0, 0, 3200], 'draining'],
    ['read, and something new', [3200, 0, 0, 64], 'draining'],
    ['as many events of one size as there can be, and the marker', [524_304, 524_304], 'full'],
  ])('%s', async (_name, bytes, state) => {
    expect(await seen(bytes, 100)).toMatchObject({ state, bytes: bytes.at(-1), samples: bytes.length });
  });

  it('is stuck again when it was not read for two seconds since, and that is the time that is told', async () => {
    const once = Array.from({ length: 10 }, () => 0);
    const unread = Array.from({ length: 25 }, () => 3200);
    expect(await seen([...once, ...unread], 100)).toMatchObject({ state: 'stuck', samples: 25, overMs: 2400 });
    expect(await seen([...once, ...unread.slice(0, 20)], 100)).toMatchObject({ state: 'draining', overMs: 2900 });
    expect(await seen([9000, ...unread], 100)).toMatchObject({ state: 'stuck', samples: 25 });
  });
});
