/** The number an argument list starts with; NaN without. */
export function numberAt(buf: Uint8Array, from: number, to: number): number {
  let i = from;
  let c = buf[i]!;
  // -N: fd=3
  if (c >= 97 && c <= 122) {
    while (i < to && buf[i] !== 61 && i - from < 16) i++;
    c = buf[++i]!;
  }
  const start = i;
  let value = 0;
  for (; i < to && c >= 48 && c <= 57; c = buf[++i]!) value = value * 10 + (c - 48);
  return i === start ? NaN : value;
}
