/**
 * Metrics as endpoints tell them: the text format 0.0.4 of Prometheus (expfmt) and OpenMetrics 1.0 (prometheus/OpenMetrics, specification.md).
 * One line that is of neither makes all of it worthless, as it does for Prometheus.
 */
import { numberOf } from '../numbers.ts';

export interface Series {
  name: string;
  labels: Readonly<Record<string, string>>;
  /** May be NaN or infinite. */
  value: number;
  /** Unix time, ms, where the endpoint tells one. */
  atMs?: number;
}

export interface Exposition {
  series: Series[];
}

export class NotMetrics extends Error {
  override readonly name = 'NotMetrics';
}

const LONGEST_LINE = 1024 * 1024;
const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const REST = /[ \t]+(\S+)(?:[ \t]+(-?[\d.eE+-]+))?[ \t]*(?:#[ \t].*)?$/y;

/** @throws NotMetrics with the number of the line */
export function parseExposition(text: string): Exposition {
  const series: Series[] = [];
  const seen = new Set<string>();
  const isOpen = /(?:^|\n)# EOF\n?$/.test(text);
  let number = 0;
  for (let from = 0; from < text.length; ) {
    const end = text.indexOf('\n', from);
    const line = text.slice(from, end < 0 ? text.length : end).replace(/\r$/, '');
    from = end < 0 ? text.length : end + 1;
    number++;
    if (line.length > LONGEST_LINE) throw new NotMetrics(`line ${number} is longer than 1 MiB`);
    if (/^[ \t]*(?:#|$)/.test(line)) continue;
    const one = parseSample(line.trimStart(), isOpen);
    if (!one) throw new NotMetrics(`line ${number} is of no format of metrics`);
    const key = keyOf(one);
    if (seen.has(key)) throw new NotMetrics(`line ${number} tells a series again`);
    seen.add(key);
    series.push(one);
  }
  return { series };
}

/** Equal for the same series, whatever the order of its labels. */
export function keyOf({ name, labels }: Pick<Series, 'name' | 'labels'>): string {
  return JSON.stringify([name, ...Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))]);
}

/** @param isOpen OpenMetrics, whose times are in seconds; those of the other format in ms */
function parseSample(line: string, isOpen: boolean): Series | undefined {
  NAME.lastIndex = 0;
  let name = NAME.exec(line)?.[0];
  let at = name?.length ?? 0;
  const labels: Record<string, string> = Object.create(null) as Record<string, string>;
  if (line[at] === '{') {
    const block = parseLabels(line, at + 1, labels, name === undefined);
    if (!block) return undefined;
    name ??= block.name;
    at = block.end;
  }
  REST.lastIndex = at;
  const [, value, time] = REST.exec(line) ?? [];
  if (name === undefined || value === undefined || !isNumber(value)) return undefined;
  const stamp = time === undefined ? undefined : Number(time) * (isOpen ? 1000 : 1);
  if (stamp !== undefined && !Number.isFinite(stamp)) return undefined;
  return { name, labels, value: numberOf(value), ...(stamp !== undefined && { atMs: stamp }) };
}

function isNumber(text: string): boolean {
  return /^[+-]?nan$/i.test(text) || !Number.isNaN(numberOf(text));
}

/** `a="b",c="d"}`; with names of any characters the metric's own comes first, in quotes. */
function parseLabels(line: string, from: number, labels: Record<string, string>, mayName: boolean): { end: number; name?: string } | undefined {
  let at = skipBlank(line, from);
  let own: string | undefined;
  while (line[at] !== '}') {
    let label: string;
    if (line[at] === '"') {
      const quoted = parseQuoted(line, at);
      if (!quoted) return undefined;
      [label, at] = [quoted.text, skipBlank(line, quoted.end)];
      if (line[at] !== '=' && mayName && own === undefined) {
        own = label;
        if (line[at] === ',') at = skipBlank(line, at + 1);
        else if (line[at] !== '}') return undefined;
        continue;
      }
    } else {
      LABEL.lastIndex = at;
      const match = LABEL.exec(line);
      if (!match) return undefined;
      [label, at] = [match[0], skipBlank(line, at + match[0].length)];
    }
    if (line[at] !== '=' || label in labels) return undefined;
    const value = parseQuoted(line, skipBlank(line, at + 1));
    if (!value) return undefined;
    labels[label] = value.text;
    at = skipBlank(line, value.end);
    if (line[at] === ',') at = skipBlank(line, at + 1);
    else if (line[at] !== '}') return undefined;
  }
  return { end: at + 1, ...(own !== undefined && { name: own }) };
}

function parseQuoted(line: string, from: number): { text: string; end: number } | undefined {
  if (line[from] !== '"') return undefined;
  let text = '';
  for (let at = from + 1; at < line.length; at++) {
    const char = line[at]!;
    if (char === '"') return { text, end: at + 1 };
    if (char !== '\\') text += char;
    else {
      const escaped = line[++at];
      // Any other is kept as it stands, backslash and all (expfmt).
      text += escaped === 'n' ? '\n' : escaped === '"' || escaped === '\\' ? escaped : `\\${escaped ?? ''}`;
    }
  }
  return undefined;
}

function skipBlank(line: string, from: number): number {
  let at = from;
  while (line[at] === ' ' || line[at] === '\t') at++;
  return at;
}
