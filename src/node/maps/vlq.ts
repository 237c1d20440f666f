/** The mappings of a source map (ECMA-426): base64 VLQ numbers, relative to those before. */

const DIGITS = new Map([...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].map((digit, value) => [digit, value]));

/** One point of the generated text, and where it comes from; both lines and columns from 0. */
export interface Mapping {
  column: number;
  source: number;
  line: number;
  sourceColumn: number;
}

/** By generated line, ascending by column. What is malformed ends its segment. */
export function decodeMappings(text: string): Mapping[][] {
  let source = 0;
  let line = 0;
  let sourceColumn = 0;
  return text.split(';').map((row) => {
    const mappings: Mapping[] = [];
    let column = 0;
    for (const segment of row === '' ? [] : row.split(',')) {
      const [columnBy, sourceBy, lineBy, sourceColumnBy] = numbersOf(segment);
      if (columnBy === undefined) continue;
      column += columnBy;
      if (sourceBy === undefined || lineBy === undefined || sourceColumnBy === undefined) continue;
      source += sourceBy;
      line += lineBy;
      sourceColumn += sourceColumnBy;
      mappings.push({ column, source, line, sourceColumn });
    }
    return mappings.sort((a, b) => a.column - b.column);
  });
}

function numbersOf(segment: string): number[] {
  const numbers: number[] = [];
  let value = 0;
  let shift = 0;
  for (const digit of segment) {
    const bits = DIGITS.get(digit);
    if (bits === undefined || shift > 30) break;
    value += (bits & 31) * 2 ** shift;
    if (bits & 32) {
      shift += 5;
      continue;
    }
    numbers.push(value % 2 === 1 ? -Math.floor(value / 2) : value / 2);
    value = 0;
    shift = 0;
  }
  return numbers;
}

/** The last mapping at or before a column. */
export function mappingAt(rows: readonly (readonly Mapping[])[], line: number, column: number): Mapping | undefined {
  const row = rows[line];
  if (!row) return undefined;
  let from = 0;
  let to = row.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (row[middle]!.column <= column) from = middle + 1;
    else to = middle;
  }
  return row[from - 1];
}
