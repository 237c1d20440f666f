import type { Coverage, Finding, Report } from '../report/types.ts';
import { duration } from '../report/words.ts';
import { chartWords } from './chart-words.ts';
import type { Block, Cell, TableBlock } from './document.ts';
import { visible } from './escape.ts';
import { headline, SEVERITY_WORD, worstFirst } from './headline.ts';
import { coverageWords, RISK_WORDS, subjectWords, valueWords } from './report-words.ts';
import { pump } from './sink.ts';
import type { RenderOptions, Sink } from './types.ts';

/** Text that stays text: no markup, no HTML, no link, no mention of anybody. One line. */
export function markdownText(text: string): string {
  return visible(text)
    .replace(/[\\`*_{}[\]<>#|~!&]/g, (character) => (character === '<' ? '&lt;' : character === '>' ? '&gt;' : character === '&' ? '&amp;' : `\\${character}`))
    .replace(/@(?=\w)/g, '&#64;')
    // What begins a list does so at the beginning of a line, and only punctuation can be escaped.
    .replace(/^(\s*\d*)([-+.)])(?=\s|$)/, '$1\\$2')
    .replace(/:\/\//g, '&#58;//');
}

/** A command as it can be copied: between as many backticks as it does not hold itself. */
function fenced(text: string): string {
  const shown = visible(text);
  const longest = Math.max(0, ...[...shown.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(Math.max(3, longest + 1));
  return `${fence}sh\n${shown}\n${fence}\n`;
}

function cellText(cell: Cell | undefined): string {
  return markdownText(cell === undefined ? '' : typeof cell === 'object' ? cell.text : String(cell));
}

function* tableText({ columns, rows }: TableBlock): Generator<string> {
  yield `| ${columns.map(({ title }) => markdownText(title)).join(' | ')} |\n`;
  yield `|${columns.map(({ align }) => (align === 'right' ? ' ---: ' : ' --- ')).join('|')}|\n`;
  for (const row of rows) yield `| ${columns.map((_, index) => cellText(row[index])).join(' | ')} |\n`;
  yield '\n';
}

function* blockText(block: Block): Generator<string> {
  switch (block.type) {
    case 'heading':
      yield `## ${markdownText(block.text)}\n\n`;
      break;
    case 'paragraph':
      yield `${markdownText(block.text)}\n\n`;
      break;
    case 'chart':
      yield `${markdownText(chartWords(block))}\n\n`;
      break;
    case 'table':
      yield* tableText(block);
      break;
    case 'facts':
      for (const [label, value] of block.items) yield `- ${markdownText(label)}: ${cellText(value)}\n`;
      yield '\n';
      break;
    case 'list':
      for (const item of block.items) yield `- ${markdownText(item)}\n`;
      yield '\n';
      break;
    case 'command':
      yield `${block.note === undefined ? '' : `${markdownText(block.note)}\n\n`}${fenced(block.text)}\n`;
      break;
    case 'preformatted':
      yield `${block.text.split('\n').map((line) => `    ${visible(line)}`).join('\n')}\n\n`;
  }
}

function* findingText(finding: Finding): Generator<string> {
  yield `### ${SEVERITY_WORD[finding.severity]}: ${markdownText(finding.title)}\n\n`;
  yield `${finding.confidence}, because ${markdownText(finding.because)} (${markdownText(finding.id)})\n\n`;
  yield* tableText({ type: 'table', columns: [{ title: 'what' }, { title: 'value' }, { title: 'source' }], rows: finding.evidence.map((item) => [item.name, valueWords(item), item.source]) });
  for (const { text, command, risk } of finding.remedy) {
    yield `- ${markdownText(text)}${RISK_WORDS[risk] === '' ? '' : ` (${RISK_WORDS[risk]})`}\n`;
    if (command !== undefined) yield `\n${fenced(command)}\n`;
  }
  yield '\n';
}

function* coverageText(coverage: readonly Coverage[]): Generator<string> {
  const open = coverage.filter(({ status }) => status !== 'ok');
  if (open.length === 0) return;
  yield '## not fully read\n\n';
  for (const line of open) {
    yield `- ${markdownText(`${line.source}: ${coverageWords(line)}`)}\n`;
    if (line.fix !== undefined) yield `\n${fenced(line.fix)}\n`;
  }
}

function* pieces(report: Report, body: Iterable<Block>, quiet: boolean): Generator<string> {
  const { word, text } = headline(report);
  yield `# ${word}: ${markdownText(text)}\n\n`;
  if (quiet) return;
  yield `${markdownText(`${subjectWords(report)}, ${report.startedAt}, ${duration(report.durationMs)}; reloadctl ${report.tool.version} ${report.command}`)}\n\n`;
  for (const finding of worstFirst(report.findings)) yield* findingText(finding);
  for (const block of body) yield* blockText(block);
  yield* coverageText(report.coverage);
}

/** GitHub drops the summary of a job that is longer than 1 MiB whole. */
const MOST_BYTES = 1000 * 1024;

function* cut(all: Iterable<string>): Generator<string> {
  let bytes = 0;
  for (const piece of all) {
    bytes += Buffer.byteLength(piece);
    if (bytes > MOST_BYTES) {
      yield '\n*Cut here: the rest is in the other formats of the report.*\n';
      return;
    }
    yield piece;
  }
}

/** The report as a page for an issue, a chat or the summary of a job: GitHub's Markdown. Names of the target are text there, whatever they hold. */
export async function renderMarkdown(report: Report, body: Iterable<Block>, sink: Sink, options: RenderOptions): Promise<void> {
  await pump(cut(pieces(report, body, options.quiet ?? false)), sink);
}
