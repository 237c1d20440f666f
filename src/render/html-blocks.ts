import type { Block, Cell, Column, TableBlock } from './document.ts';
import { chartSvg } from './html-chart.ts';
import { chartWords } from './chart-words.ts';
import { htmlText } from './html-text.ts';

/** Only what may be of any length is broken within a word: a narrow page would break the others, too, letter by letter. */
function classesOf({ align, flex }: Column): string[] {
  return align === 'right' ? ['number'] : flex ? ['long'] : [];
}

function attribute(classes: readonly string[]): string {
  return classes.length > 0 ? ` class="${classes.join(' ')}"` : '';
}

function cellHtml(cell: Cell | undefined, column: Column): string {
  const classes = [...classesOf(column), ...(typeof cell === 'object' ? [cell.tone] : [])];
  const text = cell === undefined ? '' : typeof cell === 'object' ? cell.text : String(cell);
  return `<td${attribute(classes)}>${htmlText(text)}</td>`;
}

export function* tableHtml({ columns, rows }: TableBlock): Generator<string> {
  yield '<div class="scroll"><table>';
  if (columns.some(({ title }) => title !== '')) yield `<thead><tr>${columns.map((column) => `<th${attribute(classesOf(column))} scope="col">${htmlText(column.title)}</th>`).join('')}</tr></thead>`;
  yield '<tbody>\n';
  for (const row of rows) yield `<tr>${columns.map((column, index) => cellHtml(row[index], column)).join('')}</tr>\n`;
  yield '</tbody></table></div>\n';
}

export function commandHtml(command: string): string {
  return `<pre class="command"><code>${htmlText(command)}</code></pre>\n`;
}

function* blockHtml(block: Block): Generator<string> {
  switch (block.type) {
    case 'paragraph':
      yield `<p${block.tone === undefined ? '' : ` class="${block.tone}"`}>${htmlText(block.text)}</p>\n`;
      break;
    case 'table':
      yield* tableHtml(block);
      break;
    case 'chart':
      yield `<figure>${chartSvg(block)}<figcaption>${htmlText(chartWords(block))}</figcaption></figure>\n`;
      break;
    case 'facts':
      yield `<dl>${block.items.map(([label, value]) => `<dt>${htmlText(label)}</dt><dd>${htmlText(typeof value === 'object' ? value.text : String(value))}</dd>`).join('')}</dl>\n`;
      break;
    case 'list':
      yield `<ul>${block.items.map((item) => `<li>${htmlText(item)}</li>`).join('')}</ul>\n`;
      break;
    case 'command':
      yield `${block.note === undefined ? '' : `<p class="dim">${htmlText(block.note)}</p>`}${commandHtml(block.text)}`;
      break;
    case 'preformatted':
      yield `<pre>${block.text.split('\n').map(htmlText).join('\n')}</pre>\n`;
  }
}

/** Each heading begins a section, which can be folded away. */
export function* sectionsHtml(body: Iterable<Block>): Generator<string> {
  let open = false;
  for (const block of body) {
    if (block.type === 'heading' || !open) {
      yield `${open ? '</details>\n' : ''}<details open><summary>${htmlText(block.type === 'heading' ? block.text : 'what was seen')}</summary>\n`;
      open = true;
      if (block.type === 'heading') continue;
    }
    yield* blockHtml(block);
  }
  if (open) yield '</details>\n';
}
