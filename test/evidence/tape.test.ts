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
          const expected = errno === undefined ? { value, at } : { errno, at };
          const { source, ...answer } = (await ask(tape, { question, key })) ?? { source: '' };
          expect(answer).toEqual(expected);
          expect(source).toContain(key);
          expect(tape.now()).toBe(at);
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

  it('keeps the header', async () => {
    expect(readTape(await record([]), 'x.tape').header).toEqual({ reloadctl: 'tape', version: 1, redacted: false, ...HEADER });
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
    const newer = sealed([{ ...header, version: 2, tool: '9.0.0' }]);
    expect(refusal(newer)).toBe('x.tape:1: made by a newer reloadctl 9.0.0, version 2, this one reads up to 1; update reloadctl');
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

  it('is refused when its count is wrong', () => {
    const text = `${JSON.stringify(header)}\n`;
    const end = JSON.stringify({ end: true, answers: 3, sha256: checksum(text) });
    expect(refusal(`${text}${end}\n`)).toMatch(/^x\.tape:2: the tape says 3 answers and holds 0/);
  });
});
