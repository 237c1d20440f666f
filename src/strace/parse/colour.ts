/** Colours of strace 7.0 and later (--color=always): SGR sequences between all tokens. */

const ESC = 27;
const OPEN = 91;
const M = 109;

/** Moves the line together without its SGR sequences; answers its new end. */
export function withoutColour(buf: Uint8Array, from: number, to: number): number {
  let write = from;
  for (let read = from; read < to; read++) {
    const c = buf[read]!;
    if (c === ESC && buf[read + 1] === OPEN) {
      let i = read + 2;
      while (i < to && ((buf[i]! >= 48 && buf[i]! <= 57) || buf[i] === 59)) i++;
      if (buf[i] === M) {
        read = i;
        continue;
      }
    }
    buf[write++] = c;
  }
  return write;
}
