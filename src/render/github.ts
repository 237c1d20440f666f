/**
 * Annotations of GitHub Actions, as workflow commands: `::error file=a.js,line=3,title=...::message`. GitHub keeps ten of each level and step:
 * the worst nine are told, and how many more there are. Whatever a name holds, it ends no command and begins none.
 */
import type { Finding, Report } from '../report/types.ts';
import { count } from '../report/words.ts';
import type { Block } from './document.ts';
import { factLines, gapWords, placeOf } from './checks.ts';
import { visible } from './escape.ts';
import { headline, worstFirst } from './headline.ts';
import { pump } from './sink.ts';
import type { Sink } from './types.ts';

const LEVELS = { critical: 'error', warning: 'warning', info: 'notice' } as const;
const MOST = 9;
/** What is longer is cut by GitHub, in bytes. */
const MOST_BYTES = 4000;

export async function renderGithub(report: Report, _body: Iterable<Block>, sink: Sink): Promise<void> {
  await pump(lines(report), sink);
}

function* lines(report: Report): Generator<string> {
  const gaps = report.coverage.filter(({ needed, status }) => needed && status !== 'ok');
  // What could not be looked at is as bad as a finding: it takes its place among the errors.
  for (const gap of gaps.slice(0, MOST)) yield annotation('error', { title: 'reloadctl could not look' }, visible(gapWords(gap)));
  let errors = Math.min(gaps.length, MOST);
  for (const severity of ['critical', 'warning', 'info'] as const) {
    const findings = worstFirst(report.findings).filter((finding) => finding.severity === severity);
    const room = severity === 'critical' ? MOST - errors : MOST;
    errors = 0;
    for (const finding of findings.slice(0, room)) yield ofFinding(finding);
    const more = findings.length - Math.max(0, room);
    if (more > 0) yield annotation(LEVELS[severity], { title: 'reloadctl' }, `${count(more)} more, see the summary or the report`);
  }
  yield `${visible(headline(report).word)}: ${harmless(visible(headline(report).text))}\n`;
}

function ofFinding(finding: Finding): string {
  const place = placeOf(finding, process.cwd());
  const where = place && { file: place.file, line: String(place.line), ...(place.column !== undefined && { col: String(place.column) }) };
  return annotation(LEVELS[finding.severity], { ...where, title: finding.id }, [finding.title, ...factLines(finding)].map(visible).join('\n'));
}

function annotation(level: string, properties: Record<string, string>, message: string): string {
  const words = Object.entries(properties).map(([name, value]) => `${name}=${escapeProperty(visible(value))}`);
  return `::${level} ${words.join(',')}::${escapeData(cut(message))}\n`;
}

function cut(text: string): string {
  if (Buffer.byteLength(text) <= MOST_BYTES) return text;
  return `${Buffer.from(text).subarray(0, MOST_BYTES).toString('utf8').replace(/\ufffd+$/, '')} ...`;
}

function escapeData(text: string): string {
  return text.replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replace(/:/g, '%3A').replace(/,/g, '%2C');
}

/** A command is one at the start of a line, and in the old form (`##[error]`) wherever it stands. */
function harmless(text: string): string {
  return text.replaceAll('::', ': :').replaceAll('##[', '# #[');
}
