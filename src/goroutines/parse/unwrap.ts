/**
 * Dumps inside something else: a log that puts a time before each line, a JSON or logfmt message with escaped newlines, a
 * container's log with one JSON object a line, what strace saw being written. Each turns one line into the clean ones.
 */
import { unquoted } from './header.ts';
import { memberAt } from './quoted.ts';

export interface Unwrapped {
  /** Clean, newlines included. */
  text: string;
  /** Of the message only the beginning is there. */
  isCut?: true;
}

/** Of one line; undefined: it is no part of the dump. */
export type Unwrap = (line: string) => Unwrapped | undefined;

const HEADER = /goroutine -?\d+ (?:(?:gp|m|mp|g)=\S+ )*\[[^\]\n]{1,200}/;

const LONGEST_PREFIX = 16 * 1024;

/** @param line that holds the word `goroutine` @returns how to read it and those that follow; undefined when it is no header */
export function unwrapperOf(line: string): Unwrap | undefined {
  const unwrap = unwrapperOfStream(line);
  const stream = streamOf(line);
  if (!unwrap || stream === undefined) return unwrap;
  return (next) => ((streamOf(next) ?? stream) === stream ? unwrap(next) : { text: '' });
}

/** Logs of containers hold two: what a program writes to the one is no part of what it writes to the other. */
function streamOf(line: string): string | undefined {
  return (/^\d{4}-\d\d-\d\dT\S+ (stdout|stderr) [PF]\b/.exec(line) ?? /"stream":\s*"(stdout|stderr)"/.exec(line))?.[1];
}

function unwrapperOfStream(line: string): Unwrap | undefined {
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
    return ended(match[1] === '"' ? unescaped(line, match.index + match[0].length) : { text: match[1]! });
  };
}

/** One JSON object a line (docker, journald -o json, zap, zerolog): the text is the member of this name. */
function memberUnwrap(name: string): Unwrap {
  const start = new RegExp(`"${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}":\\s*"`);
  return (line) => {
    const match = start.exec(line);
    if (!match) return undefined;
    return ended(unescaped(line, match.index + match[0].length));
  };
}

/** msg="...\n\t..." of logfmt, and what was printed with %q. */
function escapedUnwrap(prefix: string): Unwrap {
  const quote = /(["'])[^"']*$/.exec(prefix)?.[1];
  return (line) => {
    const match = HEADER.exec(line);
    if (!match) return undefined;
    const { text, isCut } = quote === '"' ? unescaped(line, match.index) : deeper(unquoted(`"${line.slice(match.index)}"`));
    return { text: `${text}\n`, ...(isCut && { isCut }) };
  };
}

function ended({ text, isCut }: Unwrapped): Unwrapped {
  return { text: text.endsWith('\n') ? text : `${text}\n`, ...(isCut && { isCut }) };
}

/** From `start` to the quote that is not escaped, unescaped. */
function unescaped(line: string, start: number): Unwrapped {
  const { to, isClosed } = memberAt(line, start);
  const { text, isCut } = deeper(unquoted(`"${line.slice(start, to)}"`));
  return { text, ...((isCut || !isClosed) && { isCut: true }) };
}

const DEEPEST = 4;

/** JSON within JSON escapes twice. */
function deeper(text: string): Unwrapped {
  let found = text;
  for (let depth = 0; depth < DEEPEST && /\]:?[^\n]{0,400}?\\+n/.test(found); depth++) found = unquoted(`"${found.replace(/(?<!\\)"/g, '\\"')}"`);
  const match = HEADER.exec(found);
  // The message of an inner object begins behind its quote.
  if (!match || found[match.index - 1] !== '"') return { text: found };
  const inner = found.slice(match.index);
  return { text: inner, ...(!inner.includes('"') && { isCut: true }) };
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
    if (bare.trim() === '') return { text: '\n' };
    if (shapeOf(bare.slice(0, prefix.length)) === shape) return { text: `${bare.slice(prefix.length)}\n` };
    const match = skip?.exec(bare);
    return match && alike(match[0], prefix) ? { text: `${bare.slice(match[0].length)}\n` } : undefined;
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
    if (!piece || piece[1] !== fd) return { text: '' };
    // Of what was written strace shows so much only (-s).
    return { text: unquoted(`"${octal(piece[2]!)}"`), ...(piece[3] !== undefined && { isCut: true }) };
  };
}

/** strace writes octal escapes as short as they can be. */
function octal(text: string): string {
  return text.replace(/\\([0-7]{1,2})(?![0-7])/g, (_, digits: string) => `\\${digits.padStart(3, '0')}`);
}
