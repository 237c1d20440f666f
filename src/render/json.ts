import type { Report } from '../report/types.ts';
import type { Block } from './document.ts';
import { visibleJson } from './escape.ts';
import { pump } from './sink.ts';
import type { Sink } from './types.ts';

/** Levels written piece by piece: the report, `data`, the arrays in it. A row is one piece. */
const PIECEWISE = 3;

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return typeof (value as { toJSON?: unknown }).toJSON !== 'function';
}

function whole(value: unknown, indent: string): string {
  const json: string | undefined = JSON.stringify(value, null, 2);
  // Newlines in JSON text are layout only: in strings they are escaped.
  return json === undefined ? 'null' : visibleJson(json).replaceAll('\n', `\n${indent}`);
}

function isWritten(value: unknown): boolean {
  return value !== undefined && typeof value !== 'function' && typeof value !== 'symbol';
}

function* jsonChunks(value: unknown, levels: number, indent: string): Generator<string> {
  const inner = `${indent}  `;
  let before = '\n';
  if (levels > 0 && Array.isArray(value) && value.length > 0) {
    yield '[';
    for (const element of value) {
      yield before + inner;
      yield* jsonChunks(element, levels - 1, inner);
      before = ',\n';
    }
    yield `\n${indent}]`;
  } else if (levels > 0 && isPlainObject(value) && Object.values(value).some(isWritten)) {
    yield '{';
    for (const [key, member] of Object.entries(value)) {
      if (!isWritten(member)) continue;
      yield `${before}${inner}${visibleJson(JSON.stringify(key))}: `;
      yield* jsonChunks(member, levels - 1, inner);
      before = ',\n';
    }
    yield `\n${indent}}`;
  } else {
    yield whole(value, indent);
  }
}

/**
 * The report as one JSON object, two spaces of indent, with a newline at the end. The text is that of JSON.stringify, but
 * written in pieces (a hundred thousand rows need no giant string) and with control and bidi characters as \u escapes.
 */
export async function renderJson(report: Report, _body: Iterable<Block>, sink: Sink): Promise<void> {
  await pump(jsonChunks(report, PIECEWISE, ''), sink);
  await sink.write('\n');
}
