/**
 * Pseudonyms in what the wing `goroutines` puts on a tape: by the names of the members, at any depth. Names of functions stay,
 * which are code and decide what is found; paths of own code, addresses, labels and messages do not.
 */
import { redactEndpoint } from './redact-address.ts';
import { redactPath } from './redact-path.ts';
import { redactText } from './redact-tables.ts';
import type { Words } from './redact-words.ts';

type TextRule = (words: Words, text: string) => string;

const keep: TextRule = (_words, text) => text;

/** From there on a path is that of a published module, or of Go itself, wherever they lie. */
const PUBLIC = /(?:\/pkg\/mod\/|\/usr\/share\/gocode\/|\/vendor\/|\/(?:src|go)\/(?=(?:runtime|net|sync|os|io|internal|syscall|time|context|database|bufio|crypto)\/)).*$/s;

const redactSource: TextRule = (words, file) => {
  const known = PUBLIC.exec(file);
  return known ? `${redactPath(words, file.slice(0, known.index))}${known[0]}` : redactPath(words, file);
};

/** Words of the runtime itself stay; what a program panics with is its own. */
const redactReason: TextRule = (words, reason) => {
  const [, own = '', rest = ''] = /^((?:panic: runtime error|fatal error|SIG[A-Z]+|signal [A-Z]+).*|(?:panic|goexit): |)(.*)$/s.exec(reason) ?? [];
  return own + redactText(words, rest);
};

const MEMBERS: Record<string, TextRule> = {
  func: keep, owner: keep, state: keep, stateFrom: keep, format: keep, profile: keep, kind: keep, objectKind: keep, goVersion: keep, status: keep, source: keep, trend: keep, because: keep, wait: keep, how: keep, list: keep,
  id: keep, parent: keep, object: keep, address: keep, args: keep, objects: keep, places: keep, unmoved: keep, again: keep,
  file: redactSource, local: redactEndpoint, peer: redactEndpoint,
  label: redactText, detail: redactText, notes: redactText, reason: redactReason,
  refused: (words, text) => (text === 'not a Go program' ? text : redactText(words, text)),
};

export function redactGoroutines(words: Words, value: object): object {
  return redacted(words, '', value) as object;
}

function redacted(words: Words, member: string, value: unknown): unknown {
  if (typeof value === 'string') return (MEMBERS[member] ?? ((_, text) => words.text(text)))(words, value);
  if (Array.isArray(value)) return value.map((one) => redacted(words, member, one));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, member === 'labels' && typeof one === 'string' ? words.text(one) : redacted(words, name, one)]));
}
