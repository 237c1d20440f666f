import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PackedLinks } from '../../src/evidence/packed-links.ts';
import { TextShapes } from '../../src/evidence/text-shapes.ts';

const piece = fc.oneof(fc.constantFrom('/', 'a', 'b-', '.db', ' (deleted)', 'pipe:[', 'socket:[', ']', '0', '00', '\n'), fc.nat(5000).map(String));
/** Bytes as links have them, often alike. */
const link = fc.oneof(
  fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join('')),
  fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  fc.integer({ min: 0, max: 2 ** 33 }).map((inode) => `socket:[${inode}]`),
);

function packed(texts: readonly string[], room: number): PackedLinks {
  const links = new PackedLinks(room);
  texts.forEach((text, index) => {
    links.add(3 * index, text);
  });
  return links;
}

describe('packed links', () => {
  it('are given back as they were, however many were expected', () => {
    fc.assert(
      fc.property(fc.array(link, { maxLength: 300 }), fc.nat(10), (texts, room) => {
        const links = packed(texts, room);
        expect(texts.map((_, index) => links.textAt(index))).toEqual(texts);
        expect(texts.map((_, index) => links.get(3 * index))).toEqual(texts);
        expect(links.get(1)).toBeUndefined();
        expect(texts.map((_, index) => links.socketInode(index) !== undefined)).toEqual(texts.map((text) => text.startsWith('socket:[')));
      }),
    );
  });

  it('have one shape when they differ in digits alone, and are the same when they differ in nothing', () => {
    const withoutDigits = (text: string): string => text.replace(/\d+/g, '0');
    fc.assert(
      fc.property(fc.array(link, { minLength: 1, maxLength: 40 }), (texts) => {
        const links = packed(texts, 8);
        texts.forEach((text, index) => {
          if (links.inodeAt(index) !== 0) return;
          expect(links.shapeText(links.shapeAt(index))).toBe(withoutDigits(text));
          expect(links.markOf(text)).toBe(links.markAt(index));
          expect(links.isNamedAt(index)).toBe(text.startsWith('/') && !text.endsWith(')'));
          texts.forEach((other, at) => {
            if (links.inodeAt(at) !== 0) return;
            expect(links.shapeAt(at) === links.shapeAt(index)).toBe(withoutDigits(other) === withoutDigits(text));
            expect(links.isSameText(index, at)).toBe(other === text);
          });
        });
        expect(links.markOf('no such shape')).toBeUndefined();
      }),
    );
  });

  it('may have more shapes than anybody expects, and texts of any length', () => {
    const shapes = new TextShapes();
    const texts = Array.from({ length: 3000 }, (_, index) => `/${'x'.repeat(index % 70)}/${index.toString(26).replace(/\d/g, 'z')}`);
    const bytes = texts.map((text) => Buffer.from(text));
    const numbers = bytes.map((text) => shapes.add(text, text.length));
    expect(bytes.map((text) => shapes.find(text, text.length))).toEqual(numbers);
    expect(numbers.map((number) => shapes.shapeText(number))).toEqual(texts);
    const long = `/${'1a'.repeat(10_000)}`;
    const links = packed([long], 1);
    expect(links.textAt(0)).toBe(long);
  });
});
