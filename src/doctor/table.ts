import { visible } from '../render/index.ts';
import type { Capability } from './capability.ts';

/** cli-table3 takes quadratic time: it is for summaries only. */
const MOST_ROWS = 15;
/** With borders and padding 79 columns in all: the oldest terminals show it. */
const WIDTHS = [18, 13, 44];

const ASCII = {
  top: '-',
  'top-mid': '+',
  'top-left': '+',
  'top-right': '+',
  bottom: '-',
  'bottom-mid': '+',
  'bottom-left': '+',
  'bottom-right': '+',
  left: '|',
  'left-mid': '+',
  mid: '-',
  'mid-mid': '+',
  right: '|',
  'right-mid': '+',
  middle: '|',
};

/** The capabilities as a table of plain ASCII. */
export async function tableOf(rows: readonly Capability[]): Promise<string> {
  const { default: Table } = await import('cli-table3');
  const table = new Table({
    head: ['CAPABILITY', 'STATUS', 'HERE'],
    colWidths: WIDTHS,
    wordWrap: true,
    truncate: '...',
    chars: ASCII,
    style: { head: [], border: [], compact: true },
  });
  for (const { name, status, detail } of rows.slice(0, MOST_ROWS)) table.push([name, status, detail].map(visible));
  return table.toString();
}
