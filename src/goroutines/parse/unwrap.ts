/**
 * Dumps inside something else: a log that puts a time before each line, a JSON or logfmt message with escaped newlines, a
 * container's log with one JSON object a line, what strace saw being written. Each turns one line into the clean ones.
 */
import { unquoted } from './header.ts';

/** The clean text of one line, newlines included; undefined: this line is no part of the dump. */
export type Unwrap = (line: string) => string | undefined;

const HEADER = /goroutine -?\d+ (?:(?:gp|m|mp|g)=\S+ )*\[[^\]\n]{1,200}/;

const LONGEST_PREFIX = 16 * 1024;

/** @param line that holds the word `goroutine` @returns how to read it and those that follow; undefined when it is no header */
export function unwrapperOf(line: string): Unwrap | undefined {
  const strace = straceUnwrap(line);
  if (strace) return strace;
  const match = HEADER.exec(line);
  if (!match) return undefined;
  // What a dump is wrapped in is short; the message before it in the same object need not be.
  const prefix = line.slice(Math.max(0, match.index - LONGEST_PREFIX), match.index);
  const member = /"((?:[^"\\]|\\.)*)":\s*"(?:[^"\\]|\\.)*$/.exec(prefix);
  if (member) return memberUnwrap(member[1]!);
  // Newlines that were escaped: the whole dump is in this line.
  if (/\]:?[^\n]{0,400}?\\+n/.test(line.slice(match.index))) return escapedUnwrap(prefix);
  // One line of the dump a message, in quotes.
  const field = /(?:^|\s)([\w.-]+)="$/.exec(prefix)?.[1];
  return field === undefined ? prefixUnwrap(prefix) : fieldUnwrap(field);
}

/** logfmt: `time=... msg="goroutine 1 [running]:"`, `msg="\t/main.go:1 +0x1d"`; what needs no quotes has none. */
function fieldUnwrap(name: string): Unwrap {
  const start = new RegExp(`(?:^|\\s)${name.replace(/[.-]/g, '\\$&')}=("|\\S*)`);
  return (line) => {
    const match = start.exec(line);
    if (!match) return undefined;
    const text = match[1] === '"' ? unescaped(line, match.index + match[0].length) : match[1]!;
    return text.endsWith('\n') ? text : `${text}\n`;
  };
}

/** One JSON object a line (docker, journald -o json, zap, zerolog): the text is the member of this name. */
function memberUnwrap(name: string): Unwrap {
  const start = new RegExp(`"${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}":\\s*"`);
  return (line) => {
    const match = start.exec(line);
    if (!match) return undefined;
    const text = unescaped(line, match.index + match[0].length);
    return text.endsWith('\n') ? text : `${text}\n`;
  };
}

/** msg="...\n\t..." of logfmt, and what was printed with %q. */
function escapedUnwrap(prefix: string): Unwrap {
  const quote = /(["'])[^"']*$/.exec(prefix)?.[1];
  return (line) => {
    const match = HEADER.exec(line);
    if (!match) return undefined;
    const text = quote === '"' ? unescaped(line, match.index) : unquoted(`"${line.slice(match.index)}"`);
    return `${deeper(text)}\n`;
  };
}

/** From `start` to the quote that is not escaped, unescaped. */
function unescaped(line: string, start: number): string {
  let end = start;
  while (end < line.length && line[end] !== '"') end += line[end] === '\\' ? 2 : 1;
  return deeper(unquoted(`"${line.slice(start, end)}"`));
}

const DEEPEST = 4;

/** JSON within JSON escapes twice. */
function deeper(text: string): string {
  let found = text;
  for (let depth = 0; depth < DEEPEST && /\]:?[^\n]{0,400}?\\+n/.test(found); depth++) found = unquoted(`"${found.replace(/(?<!\\)"/g, '\\"')}"`);
  const match = HEADER.exec(found);
  // The message of an inner object begins behind its quote.
  return match && found[match.index - 1] === '"' ? found.slice(match.index) : found;
}

/** Time stamps, names of containers, `> `, indentation: as many words, or as many characters, as stood before the header. */
function prefixUnwrap(prefix: string): Unwrap {
  const words = prefix.match(/\S+/g)?.length ?? 0;
  const isWords = words > 0 && /\s$/.test(prefix);
  const skip = isWords ? new RegExp(`^\\s*(?:\\S+(?:[ ]+|(?=\\t|\\r?$))){${words}}`) : undefined;
  const shape = shapeOf(prefix);
  return (line) => {
    const bare = line.replace(/\r$/, '');
    // Empty lines lose what stands before them in some logs.
    if (bare.trim() === '') return '\n';
    if (shapeOf(bare.slice(0, prefix.length)) === shape) return `${bare.slice(prefix.length)}\n`;
    const match = skip?.exec(bare);
    return match && alike(match[0], prefix) ? `${bare.slice(match[0].length)}\n` : undefined;
  };
}

/** Digits are all one: time passes from line to line. */
function shapeOf(text: string): string {
  return text.replace(/\d/g, '0').trimEnd();
}

/** Lengths differ (nanoseconds lose their zeros), the kind of words does not. */
function alike(a: string, b: string): boolean {
  const [one, other] = [a, b].map((text) => (text.match(/\S+/g) ?? []).map((word) => /\d/.test(word)));
  return one!.length === other!.length && one!.every((digits, index) => digits === other![index]);
}

const WRITE = /\bwrite\(([0-9]+)(?:<[^>]*>)?, "((?:[^"\\]|\\.)*)"(\.{3})?/;

/** The runtime writes a dump in many small pieces: only together they are lines. */
function straceUnwrap(line: string): Unwrap | undefined {
  const match = WRITE.exec(line);
  if (!match || !match[2]!.includes('goroutine ')) return undefined;
  const fd = match[1];
  return (next) => {
    const piece = WRITE.exec(next);
    // Other calls, and writes to other files, come in between.
    if (!piece || piece[1] !== fd) return '';
    return unquoted(`"${octal(piece[2]!)}"`);
  };
}

/** strace writes octal escapes as short as they can be. */
function octal(text: string): string {
  return text.replace(/\\([0-7]{1,2})(?![0-7])/g, (_, digits: string) => `\\${digits.padStart(3, '0')}`);
}
