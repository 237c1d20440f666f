import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { pump, StreamSink } from '../../src/render/sink.ts';

/** A stream that takes a write only when told to. */
class SlowStream extends Writable {
  readonly taken: string[] = [];
  #release: (() => void) | undefined;

  constructor(highWaterMark = 1) {
    super({ highWaterMark, decodeStrings: false });
  }

  override _write(chunk: string, _encoding: string, done: () => void): void {
    this.#release = () => {
      this.taken.push(chunk);
      done();
    };
  }

  takeOne(): boolean {
    const release = this.#release;
    this.#release = undefined;
    release?.();
    return release !== undefined;
  }
}

const KIB = 'x'.repeat(1023).concat('\n');

test('small writes are gathered into chunks of 16 KiB, the rest goes with drained', async () => {
  const stream = new SlowStream();
  const sink = new StreamSink(stream);
  for (let i = 0; i < 15; i++) expect(sink.write(KIB)).toBeUndefined();
  expect(stream.writableLength).toBe(0);
  expect(sink.write(KIB)).toBeInstanceOf(Promise);
  sink.write('rest');
  const drained = sink.drained();
  let finished = false;
  void drained.then(() => {
    finished = true;
  });
  while (!finished) {
    stream.takeOne();
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(stream.taken.map((chunk) => chunk.length)).toEqual([16 * 1024, 4]);
});

test('drained waits for what the stream holds, although it had room for it', async () => {
  const stream = new SlowStream(1024 * 1024);
  const sink = new StreamSink(stream);
  sink.write('report');
  const drained = sink.drained();
  const early = await Promise.race([drained.then(() => 'drained'), new Promise((resolve) => setImmediate(resolve, 'waiting'))]);
  expect(early).toBe('waiting');
  stream.takeOne();
  await drained;
  expect(stream.taken).toEqual(['report']);
});

test('a producer is asked for no more than the reader takes', async () => {
  const stream = new SlowStream();
  const sink = new StreamSink(stream);
  let produced = 0;
  function* chunks(): Generator<string> {
    for (; produced < 160; ) {
      produced++;
      yield KIB;
    }
  }
  const done = pump(chunks(), sink).then(() => sink.drained());
  for (let taken = 1; taken <= 10; taken++) {
    while (!stream.takeOne()) await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    expect(produced).toBeLessThanOrEqual(16 * (taken + 1));
  }
  await done;
  expect(stream.taken.join('')).toBe(KIB.repeat(160));
});

test('a reader that has gone ends the work quietly', async () => {
  const stream = new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error('gone'), { code: 'EPIPE' })) });
  const sink = new StreamSink(stream);
  let produced = 0;
  let cleaned = false;
  function* endless(): Generator<string> {
    try {
      for (;;) {
        produced++;
        yield KIB;
      }
    } finally {
      cleaned = true;
    }
  }
  await pump(endless(), sink);
  await sink.drained();
  expect(sink.closed).toBe(true);
  expect(produced).toBeLessThan(200);
  expect(cleaned).toBe(true);
  expect(sink.write('late')).toBeUndefined();
});

test('any other failure is told by drained', async () => {
  const stream = new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error('no space left'), { code: 'ENOSPC' })) });
  const sink = new StreamSink(stream);
  sink.write('report');
  await expect(sink.drained()).rejects.toThrow('no space left');
});
