/** The words of a condition, with their places. */

export interface Token {
  text: string;
  /** From 1. */
  column: number;
  /** Of a number, its unit applied: bytes, seconds, parts of one. */
  value?: number;
}

/** Sizes in bytes, times in seconds, percent as a part of one. */
const UNITS: Record<string, number> = {
  '': 1, '%': 0.01, k: 1e3, M: 1e6, G: 1e9,
  KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, kB: 1e3, MB: 1e6, GB: 1e9,
  ms: 0.001, s: 1, m: 60, min: 60, h: 3600, d: 86_400,
};
const WORD = /\s*(?:(\d+(?:\.\d+)?)(%|[A-Za-z]*)|([A-Za-z_][\w.]*)|(\|\||&&|[<>=!]=|[<>=!()+\-*/]))/y;

/** @param fail throws; told the column and what is wrong there */
export function tokensOf(text: string, fail: (column: number, what: string) => never): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (text.slice(at).trim() !== '') {
    WORD.lastIndex = at;
    const found = WORD.exec(text);
    const start = at + (text.slice(at).length - text.slice(at).trimStart().length);
    if (!found) return fail(start + 1, `${[...text.slice(start)][0]} means nothing here`);
    const [, digits, unit = '', name, operator] = found;
    at = WORD.lastIndex;
    if (digits === undefined) tokens.push({ text: (name ?? operator)!, column: start + 1 });
    else if (Object.hasOwn(UNITS, unit)) tokens.push({ text: digits + unit, column: start + 1, value: Number(digits) * UNITS[unit]! });
    else return fail(start + 1 + digits.length, `${unit} is no unit (${Object.keys(UNITS).filter((one) => one !== '').join(' ')})`);
  }
  return tokens;
}
