/** What stands in arguments, told by their bytes. */

const QUOTE = 34;
const COMMA = 44;
const LESS = 60;
const GREATER = 62;

/** The number in `3<socket:[5]>`, whose end is given; 0 without. */
export function inodeBefore(buf: Uint8Array, to: number): number {
  if (buf[to - 1] !== GREATER || buf[to - 2] !== 93) return 0;
  let inode = 0;
  let unit = 1;
  let i = to - 3;
  for (let c = buf[i]!; c >= 48 && c <= 57; c = buf[--i]!) {
    inode += (c - 48) * unit;
    unit *= 10;
  }
  return buf[i] === 91 ? inode : 0;
}

/** Behind `3` or `3</path>`. */
export function behindFd(buf: Uint8Array, from: number, to: number): number {
  let i = from;
  while (i < to && buf[i]! >= 48 && buf[i]! <= 57) i++;
  if (buf[i] !== LESS) return i;
  // The > of -> does not end it.
  while (i < to && !(buf[i] === GREATER && buf[i + 1] !== 91 && buf[i - 1] !== 45)) i++;
  return i + 1;
}

/** What fcntl is asked for. */
export const COMMAND = { other: 0, flags: 1, mark: 2, copy: 3, copyCloexec: 4 } as const;

/** At what stands behind the number: `, F_GETFL` and `, F_SETFL`, which are of the open file; `, F_SETFD, FD_CLOEXEC`; `, F_DUPFD, 0` and `, F_DUPFD_CLOEXEC, 0`. */
export function commandAt(buf: Uint8Array, i: number, to: number): number {
  if (buf[i] !== COMMA || buf[i + 2] !== 70 || buf[i + 3] !== 95) return COMMAND.other;
  if (buf[i + 7] === 70 && buf[i + 8] === 76) return COMMAND.flags;
  if (buf[i + 8] !== 68) return COMMAND.other;
  if (buf[i + 4] === 83) return to - i === 21 && buf[i + 11] === 70 && buf[i + 14] === 67 && buf[to - 1] === 67 ? COMMAND.mark : COMMAND.other;
  if (buf[i + 4] !== 68 || buf[i + 5] !== 85 || buf[i + 6] !== 80) return COMMAND.other;
  if (buf[i + 9] === COMMA) return COMMAND.copy;
  return buf[i + 10] === 67 && buf[i + 16] === 67 && buf[i + 17] === COMMA ? COMMAND.copyCloexec : COMMAND.other;
}

/** `0, RLIMIT_NOFILE`, or a limit by its number. */
export function mayBeOfFds(buf: Uint8Array, from: number, to: number): boolean {
  let i = from;
  while (i < to && buf[i] !== COMMA) i++;
  return i + 9 >= to || buf[i + 2] !== 82 || buf[i + 9] === 78;
}

/** SO_REUSEADDR, SO_REUSEPORT, or what is told by numbers. */
export function hasReuse(buf: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (buf[i] === 82 && buf[i + 1] === 69 && buf[i + 2] === 85) return true;
  return false;
}

/** `0x7f12`; what is none is some other number. */
export function hexAt(buf: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let i = from + 2; i < to && buf[i] !== COMMA; i++) value = value * 16 + (buf[i]! < 58 ? buf[i]! - 48 : buf[i]! - 87);
  return value;
}

/** MAP_SHARED; a mapping has either that or MAP_PRIVATE, before its other flags and its file. */
export function hasShared(buf: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    if (buf[i] !== 95) continue;
    if (buf[i + 1] === 83 && buf[i + 2] === 72) return true;
    if (buf[i + 1] === 80 && buf[i + 2] === 82) return false;
  }
  return false;
}

export function hasQuote(buf: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (buf[i] === QUOTE) return true;
  return false;
}

/** `\377` or `\xff`: of events of inotify only an overflow has these. */
export function hasHighBytes(buf: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (buf[i] === 92 && (buf[i + 1] === 51 || buf[i + 1] === 120) && (buf[i + 2] === 55 || buf[i + 2] === 102)) return true;
  return false;
}
