/** What every parser of hostile text is tested with. */
import fc from 'fast-check';

/** Any bytes as a ByteString. */
export const anyBytes = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('latin1'));

/** Some bytes, none of them NUL, as a process or a file may be named. */
export const nameBytes = (maxLength: number): fc.Arbitrary<string> =>
  fc.uint8Array({ maxLength, min: 1 }).map((bytes) => Buffer.from(bytes).toString('latin1'));

/** True text, torn: cut at both ends, with arbitrary bytes put inside, so that parsers get past their first check. */
export function torn(sample: string): fc.Arbitrary<string> {
  const at = fc.nat(sample.length);
  return fc.tuple(at, at, at, fc.oneof(fc.constant(''), anyBytes)).map(([from, middle, to, junk]) => {
    const [low, mid, high] = [from, middle, to].sort((a, b) => a - b) as [number, number, number];
    return (from % 2 ? sample.slice(0, mid) : sample.slice(low, mid)) + junk + sample.slice(mid, to % 2 ? undefined : high);
  });
}

/** Asserts that the parser answers, whatever it is given. */
export function neverThrows(parse: (text: string) => unknown, sample: string): void {
  fc.assert(fc.property(fc.oneof(anyBytes, torn(sample)), (text) => void parse(text)));
}

/** An unsigned integer of some bits. */
export const unsigned = (bits: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: 2 ** bits - 1 });

/** Inode numbers as the kernel prints an unsigned long. */
export const inodes = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String);

export const hex = (value: number, width: number): string => value.toString(16).toUpperCase().padStart(width, '0');
