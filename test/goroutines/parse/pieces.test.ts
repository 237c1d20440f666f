import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Pieces } from '../../../src/goroutines/parse/pieces.ts';
import { essence, goroutine, parse, times } from '../support/dumps.ts';

const PIECE = 16 * 1024;
const dump = times(300, (i) => goroutine({ id: i + 1, state: i % 2 ? 'select' : 'chan receive, 2 minutes', frames: ['main.(*T).work(0xc000012345)', 'main.caller(...)'] })).join('');
const message = `${JSON.stringify({ level: 'fatal', stack: dump })}\n`;
const clean = essence(await parse(dump));
const OTHER = 'listening';

function cut(text: string, size: number): string[] {
  return times(Math.ceil(text.length / size), (i) => text.slice(i * size, (i + 1) * size));
}

function docker(pieces: readonly string[]): string {
  return pieces.map((log) => `${JSON.stringify({ log, stream: 'stderr', time: '2026-11-22T05:00:01Z' })}\n`).join('');
}

function cri(pieces: readonly string[]): string {
  const line = (text: string): string => `2026-11-22T05:00:01.1Z stderr ${text.endsWith('\n') ? 'F' : 'P'} ${text.replace(/\n$/, '')}\n`;
  return pieces.map((text, i) => `${line(text)}${i % 3 ? '' : `2026-11-22T05:00:01.1Z stdout F ${OTHER}\n`}`).join('');
}

function journald(pieces: readonly string[]): string {
  return pieces.map((text) => `${JSON.stringify({ MESSAGE: text.replace(/\n$/, ''), _PID: '7', ...(text.endsWith('\n') ? {} : { CONTAINER_PARTIAL_MESSAGE: 'true' }) })}\n`).join('');
}

describe('one message of a log that holds a dump, in pieces of', () => {
  it.each<[string, string]>([
    ['Docker', docker(cut(message, PIECE))],
    ['containerd', cri(cut(message, PIECE))],
    ['containerd, a dump as it is', cri(dump.split(/(?<=\n)/).flatMap((line) => cut(line, 20)))],
    ['journald', journald(cut(message, 4096))],
  ])('%s is whole', async (_, text) => {
    for (const size of [undefined, 777]) {
      const found = await parse(text, size === undefined ? {} : { size });
      expect(essence(found)).toEqual(clean);
      expect(found.cut).toBeUndefined();
    }
  });

  it('two streams at a time are two messages', async () => {
    const other = cut(`${'x'.repeat(PIECE * 3)}\n`, PIECE).map((log) => `${JSON.stringify({ log, stream: 'stdout' })}\n`);
    const lines = cut(message, PIECE).map((log, i) => `${JSON.stringify({ log, stream: 'stderr' })}\n${other[i] ?? ''}`);
    expect(essence(await parse(lines.join('')))).toEqual(clean);
  });

  it.each<[string, string]>([
    ['Docker', docker(cut(message, PIECE).slice(0, 3))],
    ['containerd', cri(cut(message, PIECE).slice(0, 3))],
  ])('%s says so when it has no end', async (_, text) => {
    const found = await parse(text);
    expect(found.total).toBeGreaterThan(10);
    expect(found.total).toBeLessThan(300);
    expect(found.cut).toEqual({ kind: 'mid-goroutine', detail: expect.stringContaining('only the beginning is there') });
  });
});

describe('a message that was cut', () => {
  it.each<[string, string]>([
    ['by who shipped the log', message.slice(0, 20_000)],
    ['and put into another', `${JSON.stringify({ text: message.slice(0, 20_000) })}\n`],
    ['by strace', `write(2, ${JSON.stringify(dump.slice(0, 20_000))}..., ${dump.length}) = ${dump.length}\n`],
  ])('%s is told', async (_, text) => {
    const found = await parse(text);
    expect(found.total).toBeGreaterThan(10);
    expect(found.cut?.kind).toBe('mid-goroutine');
  });
});

it('whatever the lines and the chunks are, what is no piece goes through as it is', () => {
  const line = fc.oneof(fc.string(), fc.constant('{"log":"a"}'), fc.constant('2026-11-22T05:00:01.1Z stderr F x'), fc.constant('{"log":"'), fc.constant('{"MESSAGE":"\\'));
  fc.assert(
    fc.property(fc.array(line), fc.integer({ min: 1, max: 50 }), (lines, size) => {
      const text = Buffer.from(`2026-11-22T05:00:01.1Z stderr F x\n${lines.join('\n').replaceAll('stderr P', '')}`, 'utf8');
      const pieces = new Pieces();
      const out = [pieces.push(text.subarray(0, 40))];
      for (let at = 40; at < text.length; at += size) out.push(pieces.push(text.subarray(at, at + size)));
      out.push(pieces.end());
      expect(Buffer.concat(out).equals(text)).toBe(true);
      expect(pieces.unfinished).toBe(0);
    }),
  );
});
