import { chartWords } from './chart-words.ts';
import type { Block, Cell, Tone } from './document.ts';
import { visible, visibleCommand } from './escape.ts';
import { type TableStyle, tableLines } from './table.ts';
import { columnsOf, wrap } from './width.ts';

/** Words in lines of their own: `first` before the first line, as many spaces before the others. Both already painted and escaped. */
export function* folded(first: string, indent: number, text: string, style: TableStyle): Generator<string> {
  const room = style.columns === undefined ? undefined : Math.max(1, style.columns - indent);
  let before = first;
  for (const part of wrap(text, room)) {
    yield `${before}${part}\n`;
    before = ' '.repeat(indent);
  }
}

/** A command on a line of its own, never folded or cut: it is there to be copied. */
export function* commandLines(command: string, indent: number, style: TableStyle): Generator<string> {
  yield `${' '.repeat(indent)}${style.paint('dim', '$')} ${visibleCommand(command)}\n`;
}

function painted(cell: Cell, style: TableStyle): string {
  if (typeof cell !== 'object') return visible(String(cell));
  return style.paint(cell.tone, visible(cell.text));
}

function* factLines(items: readonly (readonly [string, Cell])[], style: TableStyle): Generator<string> {
  const labels = items.map(([label]) => visible(label));
  const width = Math.max(0, ...labels.map(columnsOf));
  for (const [i, [, value]] of items.entries()) {
    const label = labels[i] ?? '';
    yield `${style.paint('dim', label)}${' '.repeat(width - columnsOf(label) + 2)}${painted(value, style)}\n`;
  }
}

/** A text folded to the width, each line in its tone. */
export function* paragraphLines(text: string, tone: Tone | undefined, style: TableStyle): Generator<string> {
  for (const part of wrap(visible(text), style.columns)) yield `${tone === undefined ? part : style.paint(tone, part)}\n`;
}

function* oneBlock(block: Block, style: TableStyle): Generator<string> {
  switch (block.type) {
    case 'heading':
      yield `${style.paint('strong', visible(block.text))}\n`;
      break;
    case 'paragraph':
      yield* paragraphLines(block.text, block.tone, style);
      break;
    case 'table':
      yield* tableLines(block, style);
      break;
    case 'chart':
      yield* paragraphLines(chartWords(block), undefined, style);
      break;
    case 'facts':
      yield* factLines(block.items, style);
      break;
    case 'list':
      for (const item of block.items) yield* folded('- ', 2, visible(item), style);
      break;
    case 'command':
      yield* commandLines(block.text, 2, style);
      if (block.note !== undefined) yield* folded('    ', 4, visible(block.note), style);
      break;
    case 'preformatted':
      for (const line of block.text.split('\n')) yield `${visible(line)}\n`;
      break;
    case 'blank':
      yield '\n';
  }
}

/** The blocks of a document as lines for a terminal or a pipe. A heading gets an empty line before it. */
export function* blockLines(body: Iterable<Block>, style: TableStyle): Generator<string> {
  let before: Block['type'] = 'blank';
  for (const block of body) {
    if (block.type === 'heading' && before !== 'blank') yield '\n';
    yield* oneBlock(block, style);
    before = block.type;
  }
}
