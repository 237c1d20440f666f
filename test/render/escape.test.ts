import fc from 'fast-check';
import { expect, test } from 'vitest';
import { visible, visibleCommand, visibleJson } from '../../src/render/escape.ts';
import { DANGEROUS, HOSTILE } from './support.ts';

/** Text made of the pieces that could collide: backslashes, letters of escapes, controls. */
const PIECES = [...'\\ntrxu{}01b2e\n\t\u001b\u202e\u{e0001}é😀', '\ud800'];
const tricky = fc
  .array(fc.constantFrom(...PIECES))
  .map((pieces) => pieces.join(''));
const anyText = fc.oneof(tricky, fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }));

/** The rule read backwards, written apart from the code under test. */
function original(shown: string): string {
  return shown.replace(/\\(?:\\|n|t|r|x([0189][\da-f]|7f|ad)|u([\da-f]{4})|u\{([\da-f]+)\})/g, (shape, byte, unit, point) => {
    const code = byte ?? unit ?? point;
    if (code !== undefined) return String.fromCodePoint(Number.parseInt(code, 16));
    return { '\\\\': '\\', '\\n': '\n', '\\t': '\t', '\\r': '\r' }[shape as string] ?? shape;
  });
}

test.each([
  ['plain text, é 日本 😀', 'plain text, é 日本 😀'],
  ['\u001b[31mred', '\\x1b[31mred'],
  ['two\nlines\tand\rmore', 'two\\nlines\\tand\\rmore'],
  ['\u0000\u007f\u009b', '\\x00\\x7f\\x9b'],
  ['evil\u202egnp.exe', 'evil\\u202egnp.exe'],
  ['a\u200bb\u2066c\ufeff\u2028', 'a\\u200bb\\u2066c\\ufeff\\u2028'],
  ['\ud800 alone, 😀 in a pair', '\\ud800 alone, 😀 in a pair'],
  ['tag \u{e0041}', 'tag \\u{e0041}'],
  ['written \\n by hand', 'written \\\\n by hand'],
  ['dev-disk\\x2dby\\x2dlabel', 'dev-disk\\x2dby\\x2dlabel'],
  ['\\\u001b', '\\\\\\x1b'],
  ['end\\', 'end\\'],
  ['not UTF-8: \ufffd', 'not UTF-8: \ufffd'],
])('%j is shown as %j', (text, shown) => {
  expect(visible(text)).toBe(shown);
});

test('nothing dangerous is left', () => {
  fc.assert(fc.property(anyText, (text) => !DANGEROUS.test(visible(text)) && !visible(text).includes('\n')), { numRuns: 2000 });
});

test('the original can be had back: no two texts look alike', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(original(visible(text))).toBe(text);
    }),
    { numRuns: 5000 },
  );
});

test('a command keeps its backslashes unless it must be escaped', () => {
  expect(visibleCommand("grep -P 'a\\nb' x")).toBe("grep -P 'a\\nb' x");
  expect(visibleCommand('rm \u001b]0;x')).toBe('rm \\x1b]0;x');
});

test('JSON text stays the same value and is safe to show', () => {
  const value = { [HOSTILE]: [HOSTILE, '\u{e0001}', '\u2028'] };
  const json = visibleJson(JSON.stringify(value));
  expect(json).not.toMatch(DANGEROUS);
  expect(JSON.parse(json)).toEqual(value);
});
