import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plain } from '../../src/render/colour.ts';
import type { Block } from '../../src/render/document.ts';
import { changes, cut, frameOf } from '../../src/render/frame.ts';
import { columnsOf } from '../../src/render/width.ts';

const page = (...texts: string[]): Block[] => texts.map((text): Block => ({ type: 'paragraph', text }));
const bare = (line: string): string => line.replace(/\x1b\[[\d;]*m/g, '');
const red = (_tone: string, text: string): string => `\x1b[31m${text}\x1b[0m`;

/** A terminal that knows what we write and nothing else. */
function obey(rows: string[], text: string): string[] {
  const screen = [...rows];
  const left = text.replace(/\x1b\[(\d+);1H((?:(?!\x1b\[K)[\s\S])*)\x1b\[K/g, (_all, row: string, line: string) => {
    screen[Number(row) - 1] = line;
    return '';
  });
  expect(left).toBe('');
  return screen;
}

describe('a page on the full screen', () => {
  it('has as many lines as the terminal, none wider, the status last', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 120 }), { maxLength: 40 }), fc.integer({ min: 1, max: 120 }), fc.integer({ min: 1, max: 40 }), (texts, columns, rows) => {
        for (const paint of [plain, red]) {
          const frame = frameOf(page(...texts), 'status', { columns, rows }, paint);
          expect(frame).toHaveLength(rows);
          for (const line of frame) expect(columnsOf(bare(line))).toBeLessThanOrEqual(columns);
          if (columns >= 40 && rows >= 8) expect(bare(frame.at(-1)!)).toBe('status');
        }
      }),
    );
  });

  it('tells that there is more, and where there is no room at all', () => {
    expect(frameOf(page(...'abcdefghijk'), 's', { columns: 80, rows: 8 }, plain)).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'and 5 more lines than the terminal has', 's']);
    expect(frameOf(page('a'), 's', { columns: 39, rows: 8 }, plain)[0]).toBe('needs a terminal of 40x8 at least');
  });

  it('shows names as text, whatever they are', () => {
    const text = frameOf(page('\x1b[2J\x1b]0;title\x07\u202e\r\n'), 's', { columns: 80, rows: 8 }, plain).join('');
    expect(text).toBe('\\x1b[2J\\x1b]0;title\\x07\\u202e\\r\\ns');
  });

  it('is made of the one before by what differs, and by no more', () => {
    const line = fc.constantFrom('', 'a', 'b', 'longer one');
    fc.assert(fc.property(fc.array(fc.tuple(line, line), { minLength: 1, maxLength: 12 }), (pairs) => {
      const [before, now] = [pairs.map(([one]) => one), pairs.map(([, one]) => one)];
      const text = changes(before, now);
      expect(obey(before, text)).toEqual(now);
      expect(text.split('\x1b[K').length - 1).toBe(pairs.filter(([a, b]) => a !== b).length);
      expect(obey(before.map(() => 'rubbish'), changes(undefined, now))).toEqual(now);
    }));
  });

  it('ends a colour that is cut off', () => {
    expect(cut('\x1b[31mabcdef\x1b[0m', 3)).toBe('\x1b[31mabc\x1b[0m');
    expect(cut('日本語', 5)).toBe('日本');
  });
});
