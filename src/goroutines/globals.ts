/** Addresses of globals, by what they look like. */

/** Those of a program that is not position independent are far below those of its heap. */
const LOWEST_HEAP = 0x1000_0000;
/** Where Linux puts programs that are position independent, and how large one may be. */
const IMAGE_FROM = 0x5500_0000_0000;
const IMAGE_TO = 0x5700_0000_0000;
const LARGEST_IMAGE = 0x1000_0000;

export function mayBeGlobal(address: number): boolean {
  return address < LOWEST_HEAP || (address >= IMAGE_FROM && address < IMAGE_TO + LARGEST_IMAGE);
}

/** Two of one program. */
export function areGlobals(a: number, b: number): boolean {
  if (a < LOWEST_HEAP && b < LOWEST_HEAP) return true;
  return a >= IMAGE_FROM && b >= IMAGE_FROM && a < IMAGE_TO && Math.abs(a - b) < LARGEST_IMAGE;
}
