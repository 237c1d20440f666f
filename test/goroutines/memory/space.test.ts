import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Gatherer, type Space } from '../../../src/goroutines/memory/space.ts';

/** Memory whose every word is its own address, with holes. */
class Made implements Space {
  reads = 0;
  private readonly holes: readonly (readonly [number, number])[];

  constructor(holes: readonly (readonly [number, number])[]) {
    this.holes = holes;
  }

  isMapped(address: number): boolean {
    return !this.holes.some(([start, end]) => address >= start && address < end);
  }

  read(address: number, into: Uint8Array, at: number, length: number): number {
    this.reads++;
    const view = new DataView(into.buffer, into.byteOffset + at, length);
    let got = 0;
    for (; got + 8 <= length && this.isMapped(address + got); got += 8) view.setBigUint64(got, BigInt(address + got), true);
    return got;
  }
}

it('every piece that can be read is handed out once, whatever lies between', () => {
  const piece = fc.record({ start: fc.nat({ max: 40_000 }).map((n) => 0xc000000000 + n * 8), words: fc.integer({ min: 1, max: 64 }) });
  const hole = fc.tuple(fc.nat({ max: 40_000 }), fc.integer({ min: 1, max: 2000 })).map(([at, length]) => [0xc000000000 + at * 8, 0xc000000000 + (at + length) * 8] as const);
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), fc.array(hole, { maxLength: 4 }), (pieces, holes) => {
      const space = new Made(holes);
      const seen: number[] = [];
      new Gatherer(space).gather(pieces.map(({ start }) => start), pieces.map(({ words }) => words * 8), (index, words, at) => {
        seen.push(index);
        const { start, words: count } = pieces[index]!;
        for (let word = 0; word < count; word++) expect(words.word(at + word * 8)).toBe(start + word * 8);
      });
      const whole = pieces.flatMap(({ start, words }, index) => (Array.from({ length: words }, (_, word) => start + word * 8).every((address) => space.isMapped(address)) ? [index] : []));
      expect(seen.sort((a, b) => a - b)).toEqual(whole);
    }),
  );
});

it('neighbours are read together', () => {
  const space = new Made([]);
  let handed = 0;
  new Gatherer(space).gather(Array.from({ length: 1000 }, (_, index) => 0xc000000000 + index * 2048), 400, () => handed++);
  expect(handed).toBe(1000);
  expect(space.reads).toBeLessThanOrEqual(3);
});
