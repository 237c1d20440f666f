import { someOf, weakIdentity } from './anon.ts';
import { parseHex, parseNumber, skipSpaces, skipWord } from '../proc/scan.ts';
import type { PackedTargets } from './epoll-packed.ts';
import type { Kind } from './kind.ts';

/** One registration, from a `tfd:` line (fs/eventpoll.c ep_show_fdinfo). */
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

export const epoll: Kind<EpollDetail> = {
  name: 'epoll',
  plural: 'epoll instances',
  infoBlocks: true,
  matches: (link) => link === 'anon_inode:[eventpoll]',
  decode: ({ info }) => (info ? { targets: parseTargets(info.rest) } : {}),
  identity: weakIdentity,
  key: () => 'epoll',
  attributes: (fd) => ({ targets: fd.detail.targets?.length }),
  describe: (fd) => `epoll watching ${someOf('descriptor', fd.detail.targets?.length)}`,
};

/**
 * `tfd:       13 events: c0000019 data: 1122334455667788  pos:0 ino:11d42 sdev:f`: tfd is decimal; events, ino and sdev are hex.
 * Read in place: an instance of a busy server has tens of thousands of such lines.
 */
function parseTargets(rest: string): EpollTarget[] {
  const targets: EpollTarget[] = [];
  const devices = new Map<string, string>();
  for (let start = 0; start < rest.length; ) {
    const newline = rest.indexOf('\n', start);
    const end = newline < 0 ? rest.length : newline;
    const target = parseTarget(rest, start, end, devices);
    if (target) targets.push(target);
    start = end + 1;
  }
  return targets;
}

function parseTarget(text: string, start: number, end: number, devices: Map<string, string>): EpollTarget | undefined {
  if (!text.startsWith(TFD, start)) return undefined;
  const fdFrom = skipSpaces(text, start + TFD.length, end);
  const fdTo = skipWord(text, fdFrom, end);
  const fd = parseNumber(text, fdFrom, fdTo);
  const eventsFrom = hexValue(text, 'events:', fdTo, end);
  const eventsTo = skipWord(text, eventsFrom, end);
  const events = parseHex(text, eventsFrom, eventsTo);
  if (fd < 0 || events < 0) return undefined;
  const target: EpollTarget = { fd, events };
  const inoFrom = hexValue(text, 'ino:', eventsTo, end);
  const inoTo = skipWord(text, inoFrom, end);
  const sdevFrom = hexValue(text, 'sdev:', inoTo, end);
  const sdevTo = skipWord(text, sdevFrom, end);
  if (parseHex(text, inoFrom, inoTo) < 0 || parseHex(text, sdevFrom, sdevTo) < 0) return target;
  target.ino = decimalOf(text.slice(inoFrom, inoTo));
  const sdev = text.slice(sdevFrom, sdevTo);
  // All sockets are on one device, and so are all pipes.
  let device = devices.get(sdev);
  if (device === undefined) devices.set(sdev, (device = decimalOf(sdev)));
  target.sdev = device;
  return target;
}

/** Where the value behind this name begins; the end when the name does not follow. */
function hexValue(text: string, name: string, from: number, end: number): number {
  const at = text.indexOf(name, from);
  return at < 0 || at >= end ? end : skipSpaces(text, at + name.length, end);
}

function decimalOf(hex: string): string {
  return hex.length <= EXACT_DIGITS ? String(Number.parseInt(hex, 16)) : BigInt(`0x${hex}`).toString();
}
