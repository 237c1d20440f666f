const ASCII = /^[ -~]*$/;
/** East Asian Wide and Fullwidth blocks, rounded outwards, and emoji: rather a column too many than a broken line. */
const WIDE =
  String.raw`[\p{Emoji_Presentation}` +
  String.raw`\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\u4dff\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7a3` +
  String.raw`\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18dff}` +
  String.raw`\u{1aff0}-\u{1b2ff}\u{1f200}-\u{1f265}\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1faff}` +
  String.raw`\u{20000}-\u{3fffd}]`;
let wide: RegExp | undefined;

const ELLIPSIS = '…';

function columnsOfPoint(point: string): number {
  if (point < '\u0300') return 1;
  // Made only where text is not plain: each takes longer than most runs have text for.
  if (/[\p{Mn}\p{Me}\p{Cf}\u1160-\u11ff]/u.test(point)) return 0;
  wide ??= new RegExp(WIDE, 'u');
  return wide.test(point) ? 2 : 1;
}

/** Columns a text takes on a terminal. The text went through `visible` before: it has no control characters. */
export function columnsOf(text: string): number {
  if (ASCII.test(text)) return text.length;
  let columns = 0;
  for (const point of text) columns += columnsOfPoint(point);
  return columns;
}

/** How many of the points, from the start, fit into the columns; marks that combine with the last one are taken along. */
function fitting(points: readonly string[], columns: number): number {
  let used = 0;
  let taken = 0;
  for (const point of points) {
    used += columnsOfPoint(point);
    if (used > columns) break;
    taken++;
  }
  return taken;
}

/** The text in at most `columns` columns, `…` in the middle when it is longer. Never cuts a surrogate pair or a mark off its letter. */
export function shorten(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  if (columns < 1) return '';
  const head = Math.floor((columns - 1) / 2);
  const tail = columns - 1 - head;
  if (ASCII.test(text)) return text.slice(0, head) + ELLIPSIS + text.slice(text.length - tail);
  const points = Array.from(text);
  let from = points.length - fitting(points.toReversed(), tail);
  while (from < points.length && columnsOfPoint(points[from] ?? '') === 0) from++;
  return points.slice(0, fitting(points, head)).join('') + ELLIPSIS + points.slice(from).join('');
}

/**
 * Words folded into lines of at most `columns` columns; a longer word gets a line of its own, uncut, so that it can be
 * copied. Without `columns`: one line.
 */
export function wrap(text: string, columns?: number): string[] {
  if (columns === undefined || columnsOf(text) <= columns) return [text];
  const lines: string[] = [];
  let line: string | undefined;
  for (const word of text.split(' ')) {
    const longer = line === undefined ? word : `${line} ${word}`;
    if (line === undefined || columnsOf(longer) <= columns) {
      line = longer;
    } else {
      lines.push(line);
      line = word;
    }
  }
  return lines.concat(line ?? []);
}
