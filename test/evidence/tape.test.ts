import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openLive } from '../../src/evidence/live.ts';
import { checksum, TapeError } from '../../src/evidence/tape-format.ts';
import { readTape } from '../../src/evidence/tape-read.ts';
import { openTapeWriter } from '../../src/evidence/tape-write.ts';
import { NOT_RECORDED } from '../../src/evidence/types.ts';
import { ask, scripted, type Step } from './support/scripted.ts';

const HEADER = { tool: '0.1.0', recordedAt: '2026-01-02T03:04:05Z', target: { pid: 42 } };

const byteString = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) });
const count = fc.nat();
const inode = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }).map(String);
const path = fc.constantFrom('/proc/1/stat', '/proc/1/fd/3', '/proc/1/fd');
const numbers = fc.constantFrom('1:2:3:4', '1:2:1:5');

const values = fc.oneof(
  fc.record({ question: fc.constantFrom('read', 'readlink', 'readSlow'), key: path, value: byteString }),
  fc.record({ question: fc.constant('list'), key: path, value: fc.array(byteString) }),
  fc.record({ question: fc.constant('size'), key: path, value: count }),
  fc.record({
    question: fc.constant('statSlow'),
    key: path,
    value: fc.record({ dev: inode, ino: inode, mode: count, nlink: count, size: count, allocatedBytes: count }),
  }),
  fc.record({
    question: fc.constant('sockDiag'),
    key: fc.constantFrom('tcp', 'unix'),
    value: fc.array(
      fc.record(
        {
          protocol: fc.constantFrom('tcp', 'tcp6', 'unix'),
          state: count,
          inode,
          receiveQueue: count,
          sendQueue: count,
          local: byteString,
          pendingInodes: fc.array(inode),
        },
        { requiredKeys: ['protocol', 'state', 'inode', 'receiveQueue', 'sendQueue'] },
      ),
    ),
  }),
  fc.record({ question: fc.constantFrom('sameDescription', 'isEpollTarget'), key: numbers, value: fc.boolean() }),
  fc.record({
    question: fc.constant('probeSocket'),
    key: fc.constant('1:2'),
    value: fc.record({ domain: count, type: count, protocol: count, listening: fc.boolean() }),
  }),
);
const steps = fc
  .array(fc.tuple(values, fc.option(fc.constantFrom('ENOENT', 'ETIMEDOUT'), { nil: undefined })))
  .map((list) => list.map(([step, errno], at) => (errno === undefined ? { ...step, at } : { ...step, errno, at })) as Step[]);

async function record(list: readonly Step[]): Promise<string> {
  const writer = openTapeWriter(scripted(list), HEADER);
  for (const step of list) await ask(writer.evidence, step);
  return writer.finish();
}

describe('a tape', () => {
  it('gives back every answer in its order', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        const tape = readTape(await record(list), 'x.tape');
        for (const { question, key, value, errno, at } of list) {
          const { source, at: told, ...answer } = (await ask(tape, { question, key })) ?? { source: '', at: 0 };
          expect(answer).toEqual(errno === undefined ? { value } : { errno });
          expect(source).toContain(key);
          // The same answer once more is not written, and is as old as it was then.
          expect(told).toBeLessThanOrEqual(at);
          expect(tape.now()).toBeLessThanOrEqual(at);
        }
      }),
    );
  });

  it('repeats the last answer, and knows nothing else', async () => {
    const step = { question: 'read', key: '/proc/1/stat' } as const;
    const tape = readTape(await record([{ ...step, value: 'a', at: 1 }, { ...step, value: 'b', at: 7.5 }]), 'x.tape');
    expect(tape.now()).toBe(0);
    expect([1, 2, 3].map(() => tape.read('/proc/1/stat').value)).toEqual(['a', 'b', 'b']);
    expect(tape.read('/proc/2/stat')).toEqual({ errno: NOT_RECORDED, at: 7.5, source: '/proc/2/stat' });
    expect(tape.readlink('/proc/1/stat').errno).toBe(NOT_RECORDED);
    expect(tape.sockDiag('tcp')).toEqual({ errno: NOT_RECORDED, at: 7.5, source: 'sock_diag tcp' });
    expect(tape.now()).toBe(7.5);
    expect(tape.close()).toBe(false);
  });

  it('sleeps not at all', async () => {
    const tape = readTape(await record([]), 'x.tape');
    const before = performance.now();
    await tape.sleep(600_000);
    expect(performance.now() - before).toBeLessThan(5000);
  });

  it('tells a long answer once, whoever asks and however often', async () => {
    const long = 'x'.repeat(1000);
    const steps = ['/proc/1/stat', '/proc/1/fd'].map((key): Step => ({ question: 'read', key, value: long, at: 7 }));
    const writer = openTapeWriter(scripted(Array.from({ length: 20 }, () => steps).flat()), HEADER);
    for (let round = 0; round < 20; round++) {
      for (const step of steps) await ask(writer.evidence, step);
      await writer.evidence.sleep(5);
    }
    const text = writer.finish();
    expect(text.length).toBeLessThan(2500);
    const tape = readTape(text, 'x.tape');
    for (let round = 0; round < 20; round++) {
      for (const step of steps) expect(await ask(tape, step)).toMatchObject({ value: long, at: 7 });
      await tape.sleep(5);
    }
    expect(tape.missing()).toEqual([]);
  });

  it('keeps the header', async () => {
    expect(readTape(await record([]), 'x.tape').header).toEqual({ reloadctl: 'tape', version: 2, redacted: false, ...HEADER });
  });

  it('stands in for this process', async () => {
    const live = openLive({ readerDeadlineMs: 20_000 });
    const writer = openTapeWriter(live, HEADER);
    const script = async (evidence: typeof live): Promise<unknown[]> => [
      evidence.read('/proc/self/limits').value,
      evidence.readlink('/proc/self/exe').value,
      evidence.read('/proc/self/nothing').errno,
      (await evidence.readSlow(['/proc/self/cmdline', '/proc/self/nothing'])).map((answer) => answer.value ?? answer.errno),
      (await evidence.statSlow('/proc/self/fd', ['0', '99999'])).map((answer) => answer.value ?? answer.errno),
    ];
    const then = await script(writer.evidence);
    expect(writer.evidence.close()).toBe(false);
    expect(await script(readTape(writer.finish(), 'x.tape'))).toEqual(then);
  });
});

describe('a file that is no whole tape', () => {
  const list: Step[] = [
    { question: 'read', key: '/proc/1/stat', value: '1 (\xff\n) S', at: 0.1 },
    { question: 'list', key: '/proc/1/fd', value: ['0', '1'], at: 0.2 },
    { question: 'size', key: '/proc/1/fd', errno: 'EACCES', at: 0.3 },
  ];
  const refusal = (text: string): string => {
    try {
      readTape(text, 'x.tape');
    } catch (error) {
      if (error instanceof TapeError) return error.message;
      throw error;
    }
    return 'accepted';
  };
  const sealed = (lines: readonly unknown[]): string => {
    const text = lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join('');
    return `${text}${JSON.stringify({ end: true, answers: lines.length - 1, sha256: checksum(text) })}\n`;
  };
  const header = { reloadctl: 'tape', version: 1, redacted: false, ...HEADER };

  it('is refused when cut off at any line or byte', async () => {
    const text = await record(list);
    const lines = text.split('\n');
    for (let kept = 1; kept < lines.length; kept++) {
      const cut = lines.slice(0, kept).join('\n');
      expect(refusal(cut)).toMatch(/^x\.tape:\d+: the tape is cut off.*again/);
      if (kept < lines.length - 1) expect(refusal(`${cut}\n`)).toMatch(/^x\.tape:\d+: the tape is cut off/);
    }
    for (let kept = 0; kept < text.length; kept++) expect(refusal(text.slice(0, kept))).toMatch(/^x\.tape:\d+: /);
  });

  it('is refused after any byte has changed', async () => {
    const bytes = Buffer.from(await record(list));
    expect(refusal(bytes.toString())).toBe('accepted');
    for (let index = 0; index < bytes.length; index++) {
      for (const bit of [1, 4, 32, 128]) {
        const changed = Buffer.from(bytes);
        changed[index] = (changed[index] ?? 0) ^ bit;
        expect(refusal(changed.toString('utf8'))).toMatch(/^x\.tape:\d+: /);
      }
    }
  });

  it('is refused whatever it holds', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(refusal(text)).toMatch(/^x\.tape:1: not a reloadctl tape; make one with/);
      }),
    );
  });

  it('is refused when made by a newer reloadctl', () => {
    const newer = sealed([{ ...header, version: 3, tool: '9.0.0' }]);
    expect(refusal(newer)).toBe('x.tape:1: made by a newer reloadctl 9.0.0, version 3, this one reads up to 2; update reloadctl');
  });

  it.each([
    ['no version', { ...header, version: 'one' }, /^x\.tape:1: a tape without a version/],
    ['no tool', { ...header, tool: undefined }, /^x\.tape:1: the header lacks/],
    ['no JSON', '{', /^x\.tape:2: not JSON/],
    ['no answer', [1, 2], /^x\.tape:2: not an answer/],
    ['an unknown question', ['peek', 'a', 1, 'b'], /^x\.tape:2: unknown question "peek"/],
    ['an inherited question', ['toString', 'a', 1, 'b'], /^x\.tape:2: unknown question/],
    ['a key that is none', ['read', 1, 1, 'b'], /^x\.tape:2: a key/],
    ['a value of another question', ['size', 'a', 1, 'b'], /^x\.tape:2: an answer that does not fit the question size/],
    ['text beyond one byte', ['read', 'a', 1, '\u0100'], /^x\.tape:2: an answer that does not fit/],
    ['an incomplete stat', ['statSlow', 'a/1', 1, { dev: '1' }], /^x\.tape:2: an answer that does not fit/],
    ['value and errno', ['read', 'a', 1, 'b', 'ENOENT'], /^x\.tape:2: an errno/],
  ])('is refused with %s', (_what, line, message) => {
    const isHeader = typeof line === 'object' && !Array.isArray(line);
    expect(refusal(isHeader ? sealed([line]) : sealed([header, line]))).toMatch(message);
  });

  it('of version 1 is read, and knows no answers of other lines', () => {
    const first = ['read', 'a', 1, 'x'];
    expect(refusal(sealed([header, first, ['read', 'b', 2, 'x']]))).toBe('accepted');
    expect(refusal(sealed([header, first, [0, 2]]))).toMatch(/^x\.tape:3: not an answer/);
    expect(refusal(sealed([header, first, ['read', 'b', 2, null, null, 0]]))).toMatch(/^x\.tape:3: not an answer/);
  });

  it.each([
    ['of itself', [1, 2], /^x\.tape:3: an answer of another line that is not there/],
    ['of a later line', ['read', 'b', 2, null, null, 7], /^x\.tape:3: an answer of another line that is not there/],
    ['of line -1', [-1, 2], /^x\.tape:3: an answer of another line/],
    ['of half a line', [0.5, 2], /^x\.tape:3: an answer of another line/],
    ['of a line that is a word', ['__proto__', 2], /^x\.tape:3: an answer of another line/],
    ['at no time', [0, 'now'], /^x\.tape:3: a time that is no number/],
    ['of another question', ['size', 'b', 2, null, null, 0], /^x\.tape:3: an answer that does not fit the question size/],
  ])('is refused with the answer %s', (_what, line, message) => {
    expect(refusal(sealed([{ ...header, version: 2 }, ['read', 'a', 1, 'x'], line]))).toMatch(message);
  });

  it('may hold so many answers and no more: each takes memory, however short it is', () => {
    const body = `${JSON.stringify({ ...header, version: 2 })}\n["size","a",1,1]\n${'[0,1]\n'.repeat(2_000_001)}`;
    const answers = 2_000_002;
    const text = `${body}${JSON.stringify({ end: true, answers, sha256: checksum(body) })}\n`;
    expect(refusal(text)).toMatch(/^x\.tape:1: the tape holds 2000002 answers, and 2000000 are the most/);
  });

  it('is refused when its count is wrong', () => {
    const text = `${JSON.stringify(header)}\n`;
    const end = JSON.stringify({ end: true, answers: 3, sha256: checksum(text) });
    expect(refusal(`${text}${end}\n`)).toMatch(/^x\.tape:2: the tape says 3 answers and holds 0/);
  });
});
