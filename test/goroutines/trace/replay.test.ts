import fc from 'fast-check';
import { expect, it } from 'vitest';
import { dumpOfTrace, traceFacts } from '../../../src/goroutines/trace/facts.ts';
import { TraceError } from '../../../src/goroutines/trace/batches.ts';
import { replayTrace } from '../../../src/goroutines/trace/replay.ts';

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return [...bytes, rest];
}

function batch(thread: number, time: number, data: readonly number[]): number[] {
  return [1, ...varint(1), ...varint(thread), ...varint(time), ...varint(data.length), ...data];
}

const TEXTS = ['main.worker', 'main.go', 'chan receive', 'runtime.chanrecv1', 'chan.go', 'main.main', 'GC mark termination'];
const STRINGS = [4, ...TEXTS.flatMap((text, index) => [5, ...varint(index + 1), ...varint(text.length), ...Buffer.from(text)])];
// Stack 1: chanrecv1 in main.worker; stack 2: main.main; stack 3: main.worker alone.
const STACKS = [2, ...[3, 1, 2, ...varint(100), 4, 5, 9, ...varint(200), 1, 2, 30], ...[3, 2, 1, ...varint(300), 6, 2, 7], ...[3, 3, 1, ...varint(400), 1, 2, 29]];
const EVENTS_1 = [
  25, 10, 1, 0, 2, // goroutine 1 runs on thread 0
  14, 10, 7, 3, 2, // starts goroutine 7
  14, 0, 8, 3, 2, // and 8
  26, 5, 7, 2, 27, 20, // stops the world for 20
  21, 100, 7, 2, 2, // wakes 7
];
const EVENTS_2 = [
  16, 20, 7, 1, // 7 runs
  20, 10, 3, 1, // and waits in a receive
  16, 5, 8, 1, 17, 5, // 8 runs and ends
];

function trace(): Buffer {
  const bytes = [...Buffer.from('go 1.26 trace\0\0\0'), ...batch(99, 0, [50, 8, ...varint(1e9)]), ...batch(0, 1000, EVENTS_1), ...batch(5, 1000, EVENTS_2), ...batch(99, 0, STRINGS), ...batch(99, 0, STACKS), 52];
  return Buffer.from(bytes);
}

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const never = new AbortController().signal;

it('tells waits, ends, stops and latencies, however the file comes', async () => {
  for (const size of [1, 7, 100_000]) {
    const replayed = await replayTrace(inPieces(trace(), size), never);
    const facts = traceFacts(replayed);
    expect(facts).toMatchObject({ version: 'go1.26', created: 2, ended: 1, neverEnded: [{ count: 1, createdBy: 'main.main (main.go:7)', start: 'main.worker' }] });
    expect(facts.stops).toEqual([{ kind: 'GC mark termination', atMs: 0, ms: 0 }]);
    expect(replayed.stops[0]!.ns).toBe(20);
    // Thread 5: 7 waits from 1030 on; thread 0 wakes it at 1145.
    expect(replayed.blocked).toEqual([expect.objectContaining({ reason: 'chan receive', count: 1, ns: 115 })]);
    // 7 and 8 run for the first time; 7 is woken and does not run again.
    expect(replayed.toStart).toMatchObject({ count: 2, ns: 0 + 15 });
    expect(replayed.runnable).toMatchObject({ count: 0, ns: 0 });
    expect(replayed.sums).toMatchObject({ sync: { count: 1, ns: 115 }, syscall: { count: 0 }, sched: { count: 0 } });
    const dump = dumpOfTrace(replayed, true);
    expect(dump.rows!.map(({ id }) => id)).toEqual(['1', '7']);
    expect(dump.groups[1]).toMatchObject({ state: 'runnable', creator: { func: 'main.main' } });
  }
});

it('contradictions are counted: what there is not, and what is missing or twice', async () => {
  const damage = async (change: (bytes: Buffer) => void): Promise<{ count: number; first: string | undefined }> => {
    const bytes = trace();
    change(bytes);
    return (await replayTrace(inPieces(bytes, 100_000), never)).damage;
  };
  const put = (events: readonly number[], at: number, value: number) => (bytes: Buffer): void => {
    bytes[bytes.indexOf(Buffer.from(events)) + at] = value;
  };
  expect(await damage(() => undefined)).toEqual({ count: 0, first: undefined });
  expect((await damage(put(EVENTS_2, 4, 174))).first).toBe('an event of type 174, which there is not');
  expect((await damage(put(EVENTS_2, 3, 3))).first).toMatch(/^goroutine 7 has 2 numbered events, the last of which is number 3/);
  expect((await damage(put(EVENTS_1, EVENTS_1.length - 3, 4))).first).toMatch(/^goroutine 7 has 1 numbered events|^goroutine 4 has/);
  expect((await damage(put(EVENTS_2, 6, 99))).first).toBe('text 99, which is in no table');
  expect((await damage(put(EVENTS_2, 7, 99))).first).toBe('stack 99, which is in no table');
  expect((await damage(put(EVENTS_2, EVENTS_2.length - 1, 0x85))).first).toBe('an event that does not end within its batch');
  expect((await damage(put(STACKS, 1, 31))).first).toBe('a table of stacks with something else in it');
  expect((await damage(put(EVENTS_1, 4, 9))).first).toMatch(/state 9|where none does/);
});

it('changed or cut bytes give a TraceError or an answer', async () => {
  const edits = fc.array(fc.tuple(fc.integer({ min: 16, max: 2000 }), fc.integer({ min: 0, max: 255 })), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(edits, fc.nat({ max: 400 }), async (changes, cut) => {
      const bytes = trace();
      for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
      try {
        const replayed = await replayTrace(inPieces(bytes.subarray(0, bytes.length - cut), 64), never);
        traceFacts(replayed);
        dumpOfTrace(replayed, false);
      } catch (error) {
        expect(error, String((error as Error).stack)).toBeInstanceOf(TraceError);
      }
    }),
    { numRuns: 1000 },
  );
});
