import fc from 'fast-check';
import { expect, test } from 'vitest';
import { columnsOf, shorten, wrap } from '../../src/render/width.ts';

test.each([
  ['', 0],
  ['abc', 3],
  ['é', 1],
  ['e\u0301', 1],
  ['日本', 4],
  ['한국', 4],
  ['ｆｕｌｌ', 8],
  ['😀', 2],
  ['→…–', 3],
  ['\ufffd', 1],
])('%j takes %i columns', (text, columns) => {
  expect(columnsOf(text)).toBe(columns);
});

test.each([
  ['abcdefghij', 10, 'abcdefghij'],
  ['abcdefghij', 9, 'abcd…ghij'],
  ['abcdefghij', 4, 'a…ij'],
  ['abcdefghij', 1, '…'],
  ['abcdefghij', 0, ''],
  ['😀😀😀', 5, '😀…😀'],
  ['😀😀😀', 4, '…😀'],
  ['日本語のファイル', 7, '日…ル'],
  ['xxxxe\u0301', 3, 'x…e\u0301'],
  ['e\u0301xxxx', 3, 'e\u0301…x'],
  ['aaaae\u0301\u0301\u0301', 1, '…'],
])('%j in %i columns', (text, columns, expected) => {
  expect(shorten(text, columns)).toBe(expected);
});

test('a shortened text fits, keeps both ends and breaks no surrogate pair', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.integer({ min: 0, max: 40 }), (text, columns) => {
      const short = shorten(text, columns);
      expect(columnsOf(short)).toBeLessThanOrEqual(columns);
      expect(short.isWellFormed()).toBe(true);
      if (short !== text && columns > 0) {
        const [head = '', tail = ''] = short.split('…', 1).concat(short.slice(short.indexOf('…') + 1));
        expect(text.startsWith(head)).toBe(true);
        expect(text.endsWith(tail)).toBe(true);
      }
    }),
  );
});

test('wrap folds at spaces and loses no word', () => {
  expect(wrap('one two three', 8)).toEqual(['one two', 'three']);
  expect(wrap('a /very/long/path b', 6)).toEqual(['a', '/very/long/path', 'b']);
  expect(wrap('one two three')).toEqual(['one two three']);
  fc.assert(
    fc.property(fc.array(fc.string({ minLength: 1 })), fc.integer({ min: 1, max: 30 }), (words, columns) => {
      const text = words.join(' ');
      expect(wrap(text, columns).join(' ')).toBe(text);
    }),
  );
});
