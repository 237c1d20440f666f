import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SameTexts } from '../../../src/kernel/kinds/same-text.ts';

it('gives the text of just these parts, and makes it once', () => {
  const part = fc.constantFrom('', 'tcp', 'udp', 'LISTEN', 'on ');
  fc.assert(fc.property(fc.array(fc.tuple(part, part, part, fc.integer({ min: -1, max: 3 }))), (asked) => {
    const texts = new SameTexts();
    const made = new Set<string>();
    const make = (...parts: (string | number)[]): string => {
      const text = JSON.stringify(parts);
      expect(made).not.toContain(text);
      made.add(text);
      return text;
    };
    for (const [a, b, c, d] of asked) expect(texts.of(a, b, c, d, make)).toBe(JSON.stringify([a, b, c, d]));
  }));
});

it('begins anew when there are too many', () => {
  const texts = new SameTexts();
  let made = 0;
  for (let port = 0; port < 25_000; port++) texts.of('tcp', 'LISTEN', '*', port, (...parts) => `${parts.join(' ')} ${++made}`);
  expect(texts.of('tcp', 'LISTEN', '*', 0, () => 'anew')).toBe('anew');
  expect(texts.of('tcp', 'LISTEN', '*', 24_999, () => 'anew')).toContain('24999');
});
