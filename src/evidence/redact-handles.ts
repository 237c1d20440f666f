/** Pseudonyms in what the wing `node` puts on a tape: by the names of the members, at any depth. What is not known is treated as text. */
import { redactEndpoint } from './redact-address.ts';
import { redactPath } from './redact-path.ts';
import { redactText } from './redact-tables.ts';
import type { Words } from './redact-words.ts';

type TextRule = (words: Words, text: string) => string;

const keep: TextRule = (_words, text) => text;

/** `path:line:column`: the extension tells the language, the numbers the place. Code of the runtime itself has public names. */
const redactPlace: TextRule = (words, place) => {
  if (place.startsWith('node:') || /^[a-z_]+:\[/.test(place)) return place;
  const [, path = place, numbers = ''] = /^(.*?)((?::\d+){0,2})$/s.exec(place) ?? [];
  return path.startsWith('[') ? place : redactPath(words, path) + numbers;
};

const redactUrl: TextRule = (words, url) => {
  const [, scheme, host, rest] = /^(\w+:\/\/)([^/]*)(.*)$/s.exec(url) ?? [];
  return scheme === undefined ? redactPath(words, url) : `${scheme}${redactText(words, host!)}${redactPath(words, rest!)}`;
};

const redactOrigin: TextRule = (words, text) => (/^(?:[\d.]+|\[[\da-f:.]+\]):\d+$/i.test(text) ? redactEndpoint(words, text) : text.startsWith('accepted on ') ? `accepted on ${redactOrigin(words, text.slice(12))}` : redactPlace(words, text));

/** `kind`, `by` and key of a group, which is one of the above. */
const redactGroup: TextRule = (words, group) => group.split('\0').map((part, index) => (index < 2 ? part : redactOrigin(words, part))).join('\0');

const MEMBERS: Record<string, TextRule> = {
  type: keep, name: keep, version: keep, kind: keep, state: keep, method: keep, side: keep, how: keep, by: keep, trend: keep, quality: keep, because: keep, status: keep, source: keep,
  startTime: keep, code: keep, note: keep, off: keep, detail: (words, text) => redactText(words, text), still: keep, confidence: keep, methodName: keep,
  site: redactPlace, callback: redactPlace, file: redactPlace, path: redactPlace, target: redactPlace, command: redactPlace,
  local: redactOrigin, remote: redactOrigin, key: redactOrigin, url: redactUrl, group: redactGroup,
};

export function redactHandles(words: Words, value: object): object {
  return redacted(words, '', value) as object;
}

function redacted(words: Words, member: string, value: unknown): unknown {
  if (typeof value === 'string') return (MEMBERS[member] ?? ((_, text) => words.text(text)))(words, value);
  if (Array.isArray(value)) return value.map((one) => redacted(words, member, one));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, redacted(words, name, one)]));
}
