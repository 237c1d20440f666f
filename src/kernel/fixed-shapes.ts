/** Of which texts that differ in their digits alone the looks (templates.ts) and the extension are the same, whatever the digits are. */
import type { ByteString } from '../evidence/types.ts';

/** In a shape each run of digits is a `0`: here such a run may be part of a hash, or of a uuid, for which its length counts. */
const MAY_BE_HASH = /[a-f]0|0[a-f]|(?:[a-f]+|0)(?:-(?:[a-f]+|0)){4}/i;
const DELETED = ' (deleted)';

/** Does byLooks() say the same of all texts of this shape? */
export function looksAlike(shape: ByteString): boolean {
  return !MAY_BE_HASH.test(shape);
}

/** Do all texts of this shape, and of looks that are alike, have one extension, too? */
export function sharesExtension(shape: ByteString): boolean {
  const end = shape.endsWith(DELETED) ? shape.length - DELETED.length : shape.length;
  const dot = shape.lastIndexOf('.', end - 1);
  return looksAlike(shape) && (dot <= shape.lastIndexOf('/') || !shape.includes('0', dot));
}

/** A value for each shape, made when it is first asked for. */
export class ByShape<T> {
  readonly #made: T[] = [];
  readonly #make: (index: number) => T;

  /** @param make from the first text of a shape, by its index */
  constructor(make: (index: number) => T) {
    this.#make = make;
  }

  at(shape: number, index: number): T {
    return (this.#made[shape] ??= this.#make(index));
  }
}
