import type { Coverage, EvidenceItem, Finding, Remedy, Report } from '../report/types.ts';
import { duration, plural } from '../report/words.ts';
import { blockLines, commandLines, folded, paragraphLines } from './blocks.ts';
import { loadPaint, plain } from './colour.ts';
import type { Block, Cell, Tone } from './document.ts';
import { visible } from './escape.ts';
import { headline, SEVERITY_WORD, worstFirst } from './headline.ts';
import { coverageWords, RISK_WORDS, subjectWords, valueWords } from './report-words.ts';
import { pump } from './sink.ts';
import { type TableStyle, tableLines } from './table.ts';
import type { RenderOptions, Sink } from './types.ts';
import { columnsOf } from './width.ts';

interface Style extends TableStyle {
  verbose: boolean;
}

/** What is shown unless asked for more, so that a report fits one screen: the worst finding in full, the next ones with what to do first. */
const EVIDENCE_SHOWN = 4;
const FINDINGS_WITH_REMEDY = 5;

function* evidenceLines(evidence: readonly EvidenceItem[], style: Style): Generator<string> {
  const shown = style.verbose ? evidence : evidence.slice(0, EVIDENCE_SHOWN);
  const rows = shown.map((item): Cell[] => [item.name, valueWords(item), { text: item.source, tone: 'dim' }]);
  const columns = [{ title: '' }, { title: '' }, { title: '' }];
  const aligned = [...tableLines({ type: 'table', columns, rows, indent: 2 }, { paint: plain })];
  // A shortened number is no evidence: what does not fit beside each other is folded instead.
  if (fits(aligned, style)) yield* tableLines({ type: 'table', columns, rows, indent: 2 }, { paint: style.paint });
  else for (const item of shown) yield* folded('  ', 4, visible(`${item.name}: ${valueWords(item)}, ${item.source}`), style);
  const hidden = evidence.length - shown.length;
  if (hidden > 0) yield `  ${style.paint('dim', `and ${plural('more line', hidden)} of evidence (--verbose)`)}\n`;
}

function fits(lines: readonly string[], style: Style): boolean {
  const { columns } = style;
  return columns === undefined || lines.every((line) => columnsOf(line.slice(0, -1)) <= columns);
}

function* remedyLines(remedy: Remedy, style: Style): Generator<string> {
  const risk = RISK_WORDS[remedy.risk];
  yield* folded('  do: ', 6, `${visible(remedy.text)}${risk === '' ? '' : ` [${risk}]`}`, style);
  if (remedy.command !== undefined) yield* commandLines(remedy.command, 6, style);
}

/** What stands below the title of a finding. */
function* detailLines(finding: Finding, style: Style): Generator<string> {
  yield* folded('  why: ', 7, visible(finding.because), style);
  yield* evidenceLines(finding.evidence, style);
  for (const remedy of finding.remedy) yield* remedyLines(remedy, style);
  yield `  ${style.paint('dim', `more: reloadctl explain ${visible(finding.id)}`)}\n`;
}

function* worded(word: string, tone: Tone, text: string, style: Style): Generator<string> {
  yield* folded(`${style.paint(tone, word)}  `, word.length + 2, visible(text), style);
}

function* findingLines(findings: readonly Finding[], style: Style): Generator<string> {
  let apart = true;
  for (const [i, finding] of findings.entries()) {
    const word = SEVERITY_WORD[finding.severity];
    const block = style.verbose || (finding.severity !== 'info' && i < FINDINGS_WITH_REMEDY);
    // Short ones stand together, apart from the blocks above.
    if (block || apart) yield '\n';
    apart = block;
    const suffix = style.verbose ? finding.confidence : `${finding.confidence}, ${finding.id}`;
    yield* worded(word, finding.severity, `${finding.title} (${suffix})`, style);
    const [first] = finding.remedy;
    if (style.verbose) yield* detailLines(finding, style);
    else if (block && first !== undefined) yield* remedyLines(first, style);
  }
}

function* coverageLine(line: Coverage, style: Style): Generator<string> {
  yield* folded('  ', 4, visible(`${line.source}  ${coverageWords(line)}`), style);
  if (line.fix !== undefined) yield `    fix: ${visible(line.fix)}\n`;
}

/** What was looked at, and how much of it answered. */
function* coverageLines(report: Report, style: Style): Generator<string> {
  const incomplete = report.coverage.filter((line) => line.status !== 'ok');
  const all = report.coverage.length > 0 && incomplete.length === 0 ? '; everything asked was readable' : '';
  const footer = `looked at ${subjectWords(report)}, ${report.startedAt}, ${duration(report.durationMs)}${all}`;
  yield '\n';
  yield* paragraphLines(footer, 'dim', style);
  const shown = style.verbose ? report.coverage : incomplete;
  if (incomplete.length > 0) yield `${style.paint('warning', 'Not fully read:')}\n`;
  else if (shown.length > 0) yield 'Read:\n';
  for (const line of shown) yield* coverageLine(line, style);
}

function* textLines(report: Report, body: Iterable<Block>, style: Style, quiet: boolean): Generator<string> {
  const head = headline(report);
  yield* worded(head.word, head.tone, head.text, style);
  if (quiet) return;
  // The headline is the title of the worst finding: what belongs to it follows at once, and it is not told twice.
  if (head.finding !== undefined) yield* detailLines(head.finding, style);
  yield* findingLines(
    worstFirst(report.findings).filter((finding) => finding !== head.finding),
    style,
  );
  let first = true;
  for (const line of blockLines(body, style)) {
    if (first) yield '\n';
    first = false;
    yield line;
  }
  yield* coverageLines(report, style);
}

/**
 * The report for people: verdict, findings worst first with evidence and remedy, the tables of the command, and last what
 * could not be read. All text of the report is escaped. With `columns` (a terminal) lines are folded and tables fitted;
 * without, nothing is cut.
 */
export async function renderText(report: Report, body: Iterable<Block>, sink: Sink, options: RenderOptions): Promise<void> {
  const paint = await loadPaint(options.colour);
  const style = { paint, columns: options.columns || undefined, verbose: options.verbose ?? false };
  await pump(textLines(report, body, style, options.quiet ?? false), sink);
}
