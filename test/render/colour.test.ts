import { expect, test } from 'vitest';
import { type ColourFlag, loadPaint, wantsColour } from '../../src/render/colour.ts';

test.each<[ColourFlag, Record<string, string>, boolean, boolean]>([
  ['auto', {}, true, true],
  ['auto', {}, false, false],
  ['auto', { TERM: 'dumb' }, true, false],
  ['auto', { NO_COLOR: '1' }, true, false],
  ['auto', { NO_COLOR: '' }, true, true],
  ['auto', { FORCE_COLOR: '1' }, false, true],
  ['auto', { FORCE_COLOR: '3' }, false, true],
  ['auto', { FORCE_COLOR: '' }, false, false],
  ['auto', { FORCE_COLOR: '' }, true, true],
  ['auto', { FORCE_COLOR: '0' }, true, false],
  ['auto', { FORCE_COLOR: 'false' }, true, false],
  ['auto', { FORCE_COLOR: '1', NO_COLOR: '1' }, false, true],
  ['auto', { FORCE_COLOR: '1', TERM: 'dumb' }, false, true],
  ['always', { NO_COLOR: '1', FORCE_COLOR: '0', TERM: 'dumb' }, false, true],
  ['never', { FORCE_COLOR: '1' }, true, false],
])('--color %s with %j, terminal %s: %s', (flag, env, isTTY, expected) => {
  expect(wantsColour(flag, env, isTTY)).toBe(expected);
});

test('paint adds ANSI codes around the text only when colours are on', async () => {
  expect((await loadPaint(false))('critical', 'x')).toBe('x');
  expect((await loadPaint(true))('good', 'x')).toBe('\u001b[32mx\u001b[39m');
});
