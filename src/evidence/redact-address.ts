/** Pseudonyms for IP addresses: port, class and equality stay, and an IPv4 address keeps its relation to its IPv6-mapped form. */
import { isIPv4, isIPv6 } from 'node:net';
import { endianness } from 'node:os';
import type { Words } from './redact-words.ts';

/** Hexadecimal, 8 digits (IPv4) or 32 (IPv6), in network order. */
type HexAddress = string;

interface AddressClass {
  first: number;
  /** Leading bits that make the class, and stay. */
  bits: number;
}

const V4_CLASSES: readonly AddressClass[] = [
  { first: 0x0a000000, bits: 8 },
  { first: 0xac100000, bits: 12 },
  { first: 0xc0a80000, bits: 16 },
  { first: 0xa9fe0000, bits: 16 },
  { first: 0x64400000, bits: 10 },
  { first: 0xe0000000, bits: 4 },
  { first: 0xf0000000, bits: 4 },
];
const MAPPED = '00000000000000000000ffff';
const UNSPECIFIED = '00000000000000000000000000000000';
const LOOPBACK = '00000000000000000000000000000001';

/** Loopback 127/8, the unspecified 0/8 and the broadcast address tell nothing about anybody. */
function isPublicKnowledge(address: HexAddress): boolean {
  return address.startsWith('7f') || address.startsWith('00') || address === 'ffffffff';
}

function classOfV4(address: number): AddressClass | undefined {
  return V4_CLASSES.find(({ first, bits }) => address >>> (32 - bits) === first >>> (32 - bits));
}

/** @param address 8 or 32 hexadecimal digits in network order, lower case */
export function redactHexAddress(words: Words, address: HexAddress): HexAddress {
  if (address.length === 8) return redactV4(words, address);
  if (address === UNSPECIFIED || address === LOOPBACK) return address;
  if (address.startsWith(MAPPED)) return MAPPED + redactV4(words, address.slice(24));
  return words.assign('ipv6', address, (digest) => {
    const random = digest.toString('hex');
    if (/^fe[89ab]/.test(address)) return address.slice(0, 16) + random.slice(0, 16);
    if (/^f[cdf]/.test(address)) return address.slice(0, 4) + random.slice(0, 28);
    return `2${random.slice(0, 31)}`;
  });
}

function redactV4(words: Words, address: HexAddress): HexAddress {
  if (isPublicKnowledge(address)) return address;
  const number = Number.parseInt(address, 16);
  const kept = classOfV4(number);
  return words.assign('ipv4', address, (digest) => {
    const random = digest.readUInt32BE(0);
    const hostMask = kept === undefined ? 0xffffffff : 0xffffffff >>> kept.bits;
    const candidate = ((number & ~hostMask) | (random & hostMask)) >>> 0;
    const text = candidate.toString(16).padStart(8, '0');
    return classOfV4(candidate) === kept && !isPublicKnowledge(text) ? text : undefined;
  });
}

/** An address as /proc/net prints it: 32-bit words in the byte order of the host, upper case. */
export function redactKernelAddress(words: Words, printed: string): string {
  let known = printedBy.get(words);
  if (!known) printedBy.set(words, (known = new Map()));
  let redacted = known.get(printed);
  if (redacted === undefined) known.set(printed, (redacted = swapWords(redactHexAddress(words, swapWords(printed).toLowerCase())).toUpperCase()));
  return redacted;
}

/** Tables have each address many thousand times. */
const printedBy = new WeakMap<Words, Map<string, string>>();

function swapWords(address: string): string {
  if (endianness() === 'BE') return address;
  return address.replace(/(..)(..)(..)(..)/g, '$4$3$2$1');
}

/** `1.2.3.4` or an IPv6 address without brackets; undefined when it is neither. */
export function redactAddress(words: Words, address: string): string | undefined {
  if (isIPv4(address)) return formatV4(redactHexAddress(words, parseV4(address)));
  if (isIPv6(address) && !address.includes('%')) return formatV6(redactHexAddress(words, parseV6(address)));
  return undefined;
}

/** `address:port`, IPv6 in brackets. What is neither is treated as text. */
export function redactEndpoint(words: Words, endpoint: string): string {
  const parts = /^(\[?)(.*?)(\]?:\d+)$/.exec(endpoint);
  const redacted = parts === null ? undefined : redactAddress(words, parts[2] ?? '');
  return redacted === undefined ? words.text(endpoint) : `${parts?.[1]}${redacted}${parts?.[3]}`;
}

function parseV4(text: string): HexAddress {
  return text.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0')).join('');
}

function formatV4(address: HexAddress): string {
  return address.replace(/../g, (byte) => `.${Number.parseInt(byte, 16)}`).slice(1);
}

/** @param text valid, without a zone */
function parseV6(text: string): HexAddress {
  const hexOnly = text.replace(/[\d.]+\.[\d.]+$/, (dotted) => parseV4(dotted).replace(/^..../, '$&:'));
  const [head = '', tail] = hexOnly.toLowerCase().split('::');
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':').map((group) => group.padStart(4, '0')));
  const front = groups(head);
  const back = groups(tail ?? '');
  return [...front, ...Array<string>(8 - front.length - back.length).fill('0000'), ...back].join('');
}

/** RFC 5952: lower case, the first longest run of two or more zero groups as `::`, mapped addresses dotted. */
function formatV6(address: HexAddress): string {
  if (address.startsWith(MAPPED)) return `::ffff:${formatV4(address.slice(24))}`;
  const groups = (address.match(/..../g) ?? []).map((group) => Number.parseInt(group, 16).toString(16));
  let best = { from: 0, length: 0 };
  for (let from = 0; from < groups.length; from++) {
    let length = 0;
    while (groups[from + length] === '0') length++;
    if (length > best.length) best = { from, length };
  }
  if (best.length < 2) return groups.join(':');
  return `${groups.slice(0, best.from).join(':')}::${groups.slice(best.from + best.length).join(':')}`;
}
