/** Digits and signs read by their bytes. */

const ZERO = 48;
const COLON = 58;

/** EBADF, EMFILE, ENFILE. @param errno where the word begins */
export function saysMore(buf: Uint8Array, errno: number): boolean {
  const c = buf[errno + 1];
  return c === 66 || c === 77 || (c === 78 && buf[errno + 2] === 70);
}

/** Six digits as a number; -1 when one is none. Four bytes at a time: `1234` is 12 * 100 + 34, and each of these alike. */
export function sixDigits(view: DataView, at: number): number {
  const high = (view.getUint32(at, true) - 0x30303030) | 0;
  const low = (view.getUint16(at + 4, true) - 0x3030) | 0;
  // A byte that was below 0, or is above 9.
  if (((high | (high + 0x76767676)) & 0x80808080) !== 0 || ((low | (low + 0x7676)) & 0x8080) !== 0) return -1;
  const pairs = Math.imul(high, 10) + (high >> 8);
  const four = (pairs & 0xff) * 100 + ((pairs >> 16) & 0xff);
  return four * 100 + (low & 0xff) * 10 + (low >> 8);
}

/** `12:34:56`; NaN when it is none. */
export function secondsOf(view: DataView, at: number): number {
  if (view.getUint8(at + 5) !== COLON) return NaN;
  return digitsOf(view, at, 2) * 3600 + digitsOf(view, at + 3, 2) * 60 + digitsOf(view, at + 6, 2);
}

export function digitsOf(view: DataView, at: number, count: number): number {
  let value = 0;
  for (let i = at; i < at + count; i++) {
    const digit = view.getUint8(i) - ZERO;
    if (digit < 0 || digit > 9) return NaN;
    value = value * 10 + digit;
  }
  return value;
}
