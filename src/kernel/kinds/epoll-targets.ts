/** The registrations of an epoll instance, from the `tfd:` lines of its fdinfo (fs/eventpoll.c ep_show_fdinfo). */
import { parseHex, parseNumber, skipSpaces, skipWord } from '../proc/scan.ts';
import type { PackedTargets } from './epoll-packed.ts';

/** One registration. */
export interface EpollTarget {
  /** The number at which the file was registered: it may since have been closed or used again. */
  fd: number;
  /** EPOLL* bits. */
  events: number;
  /** Inode of the registered file, decimal (since 4.13). */
  ino?: string;
  /** Its superblock device as the kernel prints it, major << 20 | minor, decimal. */
  sdev?: string;
}

export interface EpollDetail {
  /** Absent when fdinfo could not be read. */
  targets?: EpollTarget[];
  /** The same of very many, for who walks them all. */
  packed?: PackedTargets;
}

const TFD = 'tfd:';
/** So many hexadecimal digits fit a double. */
const EXACT_DIGITS = 13;

/** Where in the text inode and device are, hexadecimal; both ranges are empty where they are not known. */
type Visit = (fd: number, events: number, inoFrom: number, inoTo: number, deviceFrom: number, deviceTo: number) => void;

/**
 * `tfd:       13 events: c0000019 data: 1122334455667788  pos:0 ino:11d42 sdev:f`: tfd is decimal; events, ino and sdev are hex.
 * Read in place: an instance of a busy server has tens of thousands of such lines.
 */
export function eachTarget(text: string, visit: Visit): void {
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    if (text.startsWith(TFD, start)) visitTarget(text, start + TFD.length, end, visit);
    start = end + 1;
  }
}

function visitTarget(text: string, start: number, end: number, visit: Visit): void {
  const fdFrom = skipSpaces(text, start, end);
  const fdTo = skipWord(text, fdFrom, end);
  const fd = parseNumber(text, fdFrom, fdTo);
  const eventsFrom = hexValue(text, 'events:', fdTo, end);
  const eventsTo = skipWord(text, eventsFrom, end);
  const events = parseHex(text, eventsFrom, eventsTo);
  if (fd < 0 || events < 0) return;
  const inoFrom = hexValue(text, 'ino:', eventsTo, end);
  const inoTo = skipWord(text, inoFrom, end);
  const deviceFrom = hexValue(text, 'sdev:', inoTo, end);
  const deviceTo = skipWord(text, deviceFrom, end);
  if (parseHex(text, inoFrom, inoTo) < 0 || parseHex(text, deviceFrom, deviceTo) < 0) visit(fd, events, end, end, end, end);
  else visit(fd, events, inoFrom, inoTo, deviceFrom, deviceTo);
}

/** Where the value behind this name begins; the end when the name does not follow. */
function hexValue(text: string, name: string, from: number, end: number): number {
  const at = text.indexOf(name, from);
  return at < 0 || at >= end ? end : skipSpaces(text, at + name.length, end);
}

export function parseTargets(text: string): EpollTarget[] {
  const targets: EpollTarget[] = [];
  eachTarget(text, (fd, events, inoFrom, inoTo, deviceFrom, deviceTo) => {
    targets.push(targetOf(fd, events, text.slice(inoFrom, inoTo), text.slice(deviceFrom, deviceTo)));
  });
  return targets;
}

/** @param ino, device hexadecimal; both empty where they are not known */
export function targetOf(fd: number, events: number, ino: string, device: string): EpollTarget {
  return ino === '' ? { fd, events } : { fd, events, ino: decimalOf(ino), sdev: decimalOf(device) };
}

function decimalOf(hex: string): string {
  return hex.length <= EXACT_DIGITS ? String(Number.parseInt(hex, 16)) : BigInt(`0x${hex}`).toString();
}
