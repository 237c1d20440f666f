/** Arguments of a call, as text. Only calls that matter come here. */
import type { ByteString } from '../../evidence/types.ts';

/** A descriptor as it is printed: `3`, `3</path>`, `fd=3<socket:[5]>`. */
export interface FdText {
  fd: number;
  /** What stands in the angle brackets; undefined without -y. */
  decoration: ByteString | undefined;
  deleted: boolean;
}

const QUOTE = 34;

/** The arguments, cut at the commas outside of strings, brackets and decorations. */
export function splitArgs(args: ByteString): ByteString[] {
  const parts: ByteString[] = [];
  let start = 0;
  let depth = 0;
  for (let i = 0; i < args.length; i++) {
    const c = args.charCodeAt(i);
    // Letters, most of all.
    if (c > 93 && c !== 123 && c !== 125) continue;
    if (c === QUOTE) i = endOfString(args, i) - 1;
    else if (c === 60) i = endOfDecoration(args, i) - 1;
    else if (c === 40 || c === 91 || c === 123) depth++;
    else if (c === 41 || c === 93 || c === 125) depth--;
    else if (c === 44 && depth <= 0) {
      parts.push(args.slice(start, i));
      start = i + 1;
      if (args.charCodeAt(start) === 32) start++;
    }
  }
  if (start < args.length || parts.length > 0) parts.push(args.slice(start));
  return parts;
}

/** Index behind the closing quote, or the end of a text that has none. */
export function endOfString(args: ByteString, from: number): number {
  for (let at = args.indexOf('"', from + 1); at >= 0; at = args.indexOf('"', at + 1)) {
    let slashes = 0;
    while (args.charCodeAt(at - 1 - slashes) === 92) slashes++;
    if (slashes % 2 === 0) return at + 1;
  }
  return args.length;
}

/** Index behind `</path>`, `</dev/null<char 1:3>>`, `<TCP:[a->b]>`; a lone < (a shift) ends where it stands. */
function endOfDecoration(args: ByteString, from: number): number {
  let depth = 0;
  for (let i = from; i < args.length; i++) {
    const c = args.charCodeAt(i);
    if (c === 60) {
      // 1<<21, as newer versions print some masks
      if (args.charCodeAt(i + 1) === 60) return i + 2;
      depth++;
    } else if (c === 62 && (args.charCodeAt(i - 1) !== 45 || endsPath(args, from, i)) && --depth === 0) return i + 1;
  }
  return from + 1;
}

/** `</etc/passwd->`: no arrow between two addresses, but the end of a path. */
function endsPath(args: ByteString, from: number, at: number): boolean {
  return args.charCodeAt(from + 1) === 47 && (at + 1 === args.length || ',)](} '.includes(args[at + 1]!));
}

/** Drops `name=` of -N. */
export function unnamed(arg: ByteString): ByteString {
  const named = /^[a-z_]\w*=(?!=)/.exec(arg);
  return named ? arg.slice(named[0].length) : arg;
}

/** `3</path>` and the like; NaN when there is no number. */
export function fdOf(arg: ByteString, from = 0): FdText {
  let i = from;
  let c = arg.charCodeAt(i);
  if (c >= 97 && c <= 122) {
    const named = /^[a-z_]\w*=/.exec(arg.slice(from, from + 40));
    if (named) c = arg.charCodeAt((i += named[0].length));
  }
  const isNegative = c === 45;
  if (isNegative) c = arg.charCodeAt(++i);
  const start = i;
  let fd = 0;
  for (; c >= 48 && c <= 57; c = arg.charCodeAt(++i)) fd = fd * 10 + (c - 48);
  if (i === start) return { fd: NaN, decoration: undefined, deleted: false };
  if (isNegative) fd = -fd;
  if (c !== 60) return { fd, decoration: undefined, deleted: false };
  const end = endOfDecoration(arg, i);
  const inner = arg.slice(i + 1, end - 1);
  // Before 5.19 the mark stood inside.
  const inside = inner.charCodeAt(inner.length - 1) === 41 && inner.endsWith(' (deleted)');
  return { fd, decoration: inside ? inner.slice(0, -10) : inner, deleted: inside || arg.startsWith('(deleted)', end) };
}

/** The number alone. */
export function fdNumber(arg: ByteString): number {
  let i = 0;
  let c = arg.charCodeAt(0);
  if (!(c >= 48 && c <= 57)) return fdOf(arg).fd;
  let fd = 0;
  for (; c >= 48 && c <= 57; c = arg.charCodeAt(++i)) fd = fd * 10 + (c - 48);
  return fd;
}

/** Every descriptor in `[3, 4<...>]`. */
export function fdList(text: ByteString): FdText[] {
  const open = text.indexOf('[');
  if (open < 0) return [];
  return splitArgs(text.slice(open + 1, text.lastIndexOf(']') < 0 ? undefined : text.lastIndexOf(']')))
    .map((part) => fdOf(part))
    .filter(({ fd }) => fd >= 0);
}

/** A number as strace prints it: decimal, 0x, or `8192*1024`. */
export function numberOf(text: ByteString): number {
  if (/^RLIM(?:64)?_INFINITY|^18446744073709551615$|^-1$|^0xffffffffffffffff$/.test(text)) return Infinity;
  const product = /^(\d+)\*(\d+)$/.exec(text);
  if (product) return Number(product[1]) * Number(product[2]);
  const plain = /^(?:0x[0-9a-f]+|\d+)/.exec(text);
  return plain ? Number(plain[0]) : NaN;
}

/** A number at the beginning, or behind |: most flags are words alone. */
const HAS_NUMBER = /(?:^|\|)\d/;

/** Is the flag set, as a word or (-X raw) as a bit? */
export function hasFlag(flags: ByteString, word: string, bit: number): boolean {
  if (flags.includes(word)) return true;
  // Numbers stand alone (-X raw), or for bits that strace does not know; behind /* they only comment words that were looked at.
  if (flags.includes('/*')) return false;
  return HAS_NUMBER.test(flags) && flags.split('|').some((part) => /^(?:0x[0-9a-f]+|\d+)$/.test(part) && (Number(part) & bit) === bit);
}

/** The first string among the arguments, unescaped; undefined for NULL and for addresses. `end`: index behind its closing quote. */
export function firstString(args: ByteString): { value: ByteString; end: number } | undefined {
  const open = args.indexOf('"');
  if (open < 0) return undefined;
  const end = endOfString(args, open);
  return { value: unescaped(args.slice(open + 1, end - 1)), end };
}

const NAMED: Record<string, string> = { n: '\n', t: '\t', r: '\r', v: '\v', f: '\f', '"': '"', '\\': '\\' };

/** C escapes to bytes: `\n`, `\0`, `\177`, `\x2f`. */
export function unescaped(text: ByteString): ByteString {
  if (!text.includes('\\')) return text;
  return text.replace(/\\(?:x([0-9a-f]{2})|([0-7]{1,3})|([\s\S]))/g, (_all, hex: string | undefined, octal: string | undefined, other: string) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 255);
    return NAMED[other] ?? other;
  });
}

/** Value of `name=` in a printed structure: `rlim_cur=1024`. Up to the next comma or closing bracket. */
export function member(text: ByteString, name: string): ByteString | undefined {
  const at = text.search(new RegExp(`(?:^|[{ ,])${name}=`));
  if (at < 0) return undefined;
  const from = text.indexOf('=', at) + 1;
  const rest = text.slice(from);
  const end = rest.startsWith('[') ? rest.indexOf(']') + 1 : rest.search(/[,}\])]/);
  return end <= 0 ? rest : rest.slice(0, end);
}
