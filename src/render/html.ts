import type { Coverage, Finding, Report } from '../report/types.ts';
import { duration, plural } from '../report/words.ts';
import type { Block, Cell } from './document.ts';
import { headline, SEVERITY_WORD, worstFirst } from './headline.ts';
import { commandHtml, sectionsHtml, tableHtml } from './html-blocks.ts';
import { STYLE } from './html-style.ts';
import { htmlText } from './html-text.ts';
import { coverageWords, RISK_WORDS, subjectWords, valueWords } from './report-words.ts';
import { pump } from './sink.ts';
import type { RenderOptions, Sink } from './types.ts';

/** Nothing may be loaded, run, sent or framed; of styles only ours counts. */
function policy(): string {
  const hash = process.getBuiltinModule('node:crypto').createHash('sha256').update(STYLE).digest('base64');
  return `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
}

function* findingHtml({ severity, confidence, title, because, id, evidence, remedy }: Finding): Generator<string> {
  yield `<article><h3><span class="${severity}">${SEVERITY_WORD[severity]}</span> ${htmlText(title)}</h3>\n`;
  yield `<p>${confidence}: ${htmlText(because)} <span class="dim">${htmlText(id)}</span></p>\n`;
  const rows = evidence.map((item): Cell[] => [item.name, valueWords(item), { text: item.source, tone: 'dim' }]);
  yield* tableHtml({ type: 'table', columns: [{ title: '' }, { title: '', flex: true }, { title: '', flex: true }], rows });
  for (const { text, command, risk } of remedy) {
    yield `<p><b>do</b> ${htmlText(text)}${RISK_WORDS[risk] === '' ? '' : ` <span class="warning">${RISK_WORDS[risk]}</span>`}</p>\n`;
    if (command !== undefined) yield commandHtml(command);
  }
  yield '</article>\n';
}

function* coverageHtml(coverage: readonly Coverage[]): Generator<string> {
  const open = coverage.filter(({ status }) => status !== 'ok');
  const all = open.length === 0 ? 'everything asked was readable' : `${plural('source', open.length)} not fully read`;
  yield `<details${open.length > 0 ? ' open' : ''}><summary>coverage: ${all}</summary>\n`;
  const rows = [...open, ...coverage.filter(({ status }) => status === 'ok')].map((line): Cell[] => [line.source, { text: coverageWords(line), tone: line.status === 'ok' ? 'dim' : 'strong' }, line.fix ?? '']);
  yield* tableHtml({ type: 'table', columns: [{ title: 'source' }, { title: 'what was read', flex: true }, { title: 'how to get the rest', flex: true }], rows });
  yield '</details>\n';
}

function* pieces(report: Report, body: Iterable<Block>): Generator<string> {
  const { word, tone, text } = headline(report);
  const subject = subjectWords(report);
  yield `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy()}">\n`;
  yield `<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer"><title>${word}: ${htmlText(subject)}</title><style>${STYLE}</style></head><body>\n`;
  yield `<header class="${tone}"><h1><b>${word}</b>${htmlText(text)}</h1>\n<p class="dim">${htmlText(subject)}, kernel ${htmlText(report.host.kernel)}, ${htmlText(report.startedAt)}, ${duration(report.durationMs)}; reloadctl ${htmlText(report.tool.version)} ${htmlText(report.command)}</p></header>\n<main>\n`;
  const findings = worstFirst(report.findings);
  if (findings.length > 0) yield '<h2>findings</h2>\n';
  for (const finding of findings) yield* findingHtml(finding);
  yield* sectionsHtml(body);
  yield* coverageHtml(report.coverage);
  yield '</main></body></html>\n';
}

/** One file that needs nothing beside it: no script, no network, styles and pictures within. What the target says is text in it. */
export async function renderHtml(report: Report, body: Iterable<Block>, sink: Sink, _options: RenderOptions): Promise<void> {
  await pump(pieces(report, body), sink);
}
