/** TAP version 14: a test point for each check, with a YAML block behind those that fail. */
import type { Report } from '../report/types.ts';
import type { Block } from './document.ts';
import { type Check, checksOf, factLines, gapWords } from './checks.ts';
import { visible } from './escape.ts';
import { pump } from './sink.ts';
import type { RenderOptions, Sink } from './types.ts';

export async function renderTap(report: Report, _body: Iterable<Block>, sink: Sink, options: RenderOptions): Promise<void> {
  const checks = checksOf(report, options);
  await pump(lines(checks), sink);
}

function* lines(checks: readonly Check[]): Generator<string> {
  yield `TAP version 14\n1..${checks.length}\n`;
  for (const [index, check] of checks.entries()) {
    const point = `ok ${index + 1} - ${description(check)}\n`;
    if (check.result === 'passed') {
      yield point;
      for (const { severity, title } of check.notes) yield `# ${severity}: ${visible(title)}\n`;
    } else {
      yield `not ${point}  ---\n`;
      if (check.result === 'failed') {
        const { severity, confidence, fingerprint } = check.finding;
        yield `  severity: ${severity}\n  confidence: ${confidence}\n  fingerprint: ${quoted(fingerprint)}\n  facts:\n`;
        for (const fact of factLines(check.finding)) yield `    - ${quoted(fact)}\n`;
      } else yield `  severity: error\n  message: ${quoted(gapWords(check.coverage))}\n`;
      yield '  ...\n';
    }
  }
}

/** A `#` would begin a directive: `# SKIP` turns a failure into none. */
function description(check: Check): string {
  const text = check.result === 'failed' ? `${check.name}: ${check.finding.title}` : check.result === 'error' ? gapWords(check.coverage) : check.name;
  return visible(text).replace(/[\\#]/g, '\\$&');
}

/** A double-quoted scalar of YAML, which is one of JSON. */
function quoted(text: string): string {
  return JSON.stringify(visible(text));
}
