/** Bits of inotify masks and events, include/uapi/linux/inotify.h. */

export const IN = {
  ACCESS: 0x1,
  MODIFY: 0x2,
  ATTRIB: 0x4,
  CLOSE_WRITE: 0x8,
  CLOSE_NOWRITE: 0x10,
  OPEN: 0x20,
  MOVED_FROM: 0x40,
  MOVED_TO: 0x80,
  CREATE: 0x100,
  DELETE: 0x200,
  DELETE_SELF: 0x400,
  MOVE_SELF: 0x800,
  UNMOUNT: 0x2000,
  Q_OVERFLOW: 0x4000,
  IGNORED: 0x8000,
  ONLYDIR: 0x1000000,
  DONT_FOLLOW: 0x2000000,
  EXCL_UNLINK: 0x4000000,
  MASK_CREATE: 0x10000000,
  ISDIR: 0x40000000,
  ONESHOT: 0x80000000,
} as const;

/** What listing a directory does to it. */
export const IN_READING = IN.OPEN | IN.ACCESS | IN.CLOSE_NOWRITE;

const NAMES = Object.entries(IN);
/** What a program may ask to be told of. */
const ALL_EVENTS = 0xfff;

/** Thousands of watches ask for a handful of masks. */
const spelled = new Map<number, string>();

/** `MODIFY ATTRIB MOVED_TO`; `everything` for all events; bits without a name as a number. */
export function maskWords(mask: number): string {
  const known = spelled.get(mask);
  if (known !== undefined) return known;
  const words: string[] = [];
  let rest = mask >>> 0;
  if ((rest & ALL_EVENTS) === ALL_EVENTS) {
    words.push('everything');
    rest = (rest & ~ALL_EVENTS) >>> 0;
  }
  for (const [name, bit] of NAMES) {
    if (((rest & bit) >>> 0) !== bit) continue;
    words.push(name);
    rest = (rest & ~bit) >>> 0;
  }
  if (rest !== 0) words.push(`0x${rest.toString(16)}`);
  const text = words.join(' ');
  spelled.set(mask, text);
  return text;
}
