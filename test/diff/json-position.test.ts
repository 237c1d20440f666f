import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type JsonPath, lineAndColumn, placeOf } from '../../src/diff/json-position.ts';

describe('where a JSON text stops being one', () => {
  it.each([
    ['', 0, /cut off/],
    ['{"a":1', 6, /cut off/],
    ['{"a":1,}', 7, /a name in quotes, not "}"/],
    ['[1,]', 3, /expected a value, not "\]"/],
    ['[1 2]', 3, /expected , or \], not "2"/],
    ['{"a" 1}', 5, /expected :, not "1"/],
    ["{'a':1}", 1, /a name in quotes/],
    ['nul', 0, /expected a value/],
    ['{} x', 3, /nothing may follow here, and there is "x"/],
    ['["a\nb"]', 1, /a string without an end/],
    ['["\\x"]', 1, /must be escaped/],
    ['[01]', 2, /expected , or \]/],
    ['[-]', 1, /expected a value/],
  ])('%j: at %i', (text, offset, problem) => {
    expect(() => JSON.parse(text)).toThrow();
    const place = placeOf(text);
    expect(place?.offset).toBe(offset);
    expect(place?.problem).toMatch(problem);
  });

  it('is nowhere exactly for what JSON.parse takes', () => {
    const json = fc.json({ maxDepth: 4 });
    const broken = fc.tuple(json, fc.nat(), fc.string({ maxLength: 3 })).map(([text, at, piece]) => text.slice(0, at % (text.length + 1)) + piece + text.slice((at % (text.length + 1)) + 1));
    fc.assert(
      fc.property(fc.oneof(json, broken, fc.string()), (text) => {
        const place = placeOf(text);
        let isJson = true;
        try {
          JSON.parse(text);
        } catch {
          isJson = false;
        }
        expect(place === undefined).toBe(isJson);
        if (place) expect(place.offset).toBeLessThanOrEqual(text.length);
      }),
      { numRuns: 500 },
    );
  });

  it('nests as deep as it likes', () => {
    expect(placeOf('['.repeat(200_000))).toMatchObject({ offset: 200_000 });
    expect(placeOf(`${'['.repeat(200_000)}${']'.repeat(200_000)}`)).toBeUndefined();
  });
});

/** Every path of a value, with what stands there. */
function* paths(value: unknown, path: JsonPath = []): Generator<[JsonPath, unknown]> {
  yield [path, value];
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) yield* paths(inner, [...path, Array.isArray(value) ? Number(key) : key]);
}

describe('where a value stands', () => {
  it('is found by its path, in any layout', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom(undefined, 2, '\t'), (value, space) => {
        const text = JSON.stringify(value, null, space);
        // Keys like __proto__ are members for JSON.parse too.
        for (const [path, expected] of paths(JSON.parse(text))) {
          const place = placeOf(text, path);
          expect(place?.problem).toBeUndefined();
          expect(text.slice(place!.offset).startsWith(JSON.stringify(expected, null, space).slice(0, 1))).toBe(true);
        }
      }),
    );
  });

  it('is nowhere when there is no such value', () => {
    expect(placeOf('{"a":[1]}', ['a', 1])).toBeUndefined();
    expect(placeOf('{"a":[1]}', ['b'])).toBeUndefined();
    expect(placeOf('{"a":[1,{"b":2}]}', ['a', 1, 'b'])).toEqual({ offset: 13 });
  });
});

describe('line and column', () => {
  it('count from 1', () => {
    expect(lineAndColumn('', 0)).toEqual({ line: 1, column: 1 });
    expect(lineAndColumn('ab\ncd\n', 4)).toEqual({ line: 2, column: 2 });
    expect(lineAndColumn('ab\ncd\n', 6)).toEqual({ line: 3, column: 1 });
  });
});
