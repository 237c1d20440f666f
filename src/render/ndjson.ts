import type { Report } from '../report/types.ts';
import type { Block } from './document.ts';
import { visibleJson } from './escape.ts';
import { pump } from './sink.ts';
import type { Sink } from './types.ts';

/** Line type of the rows of an array in `data`; an array that is not named here gives lines of its own name. */
const ROW_TYPES = new Map([
  ['groups', 'group'],
  ['fds', 'fd'],
  ['processes', 'process'],
]);

function jsonLine(type: string, fields: object): string {
  return `${visibleJson(JSON.stringify({ type, ...fields, ...('type' in fields && { type, rowType: fields.type }) }))}\n`;
}

function rowLine(type: string, row: unknown): string {
  return jsonLine(type, typeof row === 'object' && row !== null && !Array.isArray(row) ? row : { value: row });
}

function* lines(report: Report): Generator<string> {
  const { verdict, findings, coverage, data, durationMs, ...meta } = report;
  yield jsonLine('start', meta);
  for (const finding of findings) yield jsonLine('finding', finding);
  for (const answer of coverage) yield jsonLine('coverage', answer);
  const entries = Object.entries(data ?? {});
  const single = entries.filter(([, value]) => !Array.isArray(value));
  if (single.length > 0) yield jsonLine('data', Object.fromEntries(single));
  for (const [key, rows] of entries) {
    if (!Array.isArray(rows)) continue;
    const type = ROW_TYPES.get(key) ?? key;
    for (const row of rows) yield rowLine(type, row);
  }
  yield jsonLine('end', { complete: true, verdict, durationMs });
}

/**
 * The report as one JSON object per line: `start` with what the run was, `finding`, `coverage`, `data` with the single
 * values, one line per row of each array in `data`, and `end`. Output without its `end` line was cut. A row that is no
 * object stands in `value`; a `type` of its own stands in `rowType`.
 */
export async function renderNdjson(report: Report, _body: Iterable<Block>, sink: Sink): Promise<void> {
  await pump(lines(report), sink);
}
