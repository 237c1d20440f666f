/** The filter of --where: terms such as `kind=socket state=CLOSE_WAIT fd>100 path~upload`, all of which must hold. */
import { closest } from '../kernel/closest.ts';
import { UserError } from '../kernel/user-error.ts';
import { attributeNames, type FdRow } from './attributes.ts';

type Test = (row: FdRow) => boolean;

const term = /^([A-Za-z]+)(!=|>=|<=|=|~|>|<)("(?:[^"\\]|\\.)*"|'[^']*'|\S*)$/;

/**
 * `=` and `!=` compare text (with `*` for anything) or numbers and true/false; `~` is "contains"; `<` `>` `<=` `>=` compare numbers.
 * A value with spaces stands in quotes. Throws UserError with the column of the term at fault.
 */
export function parseWhere(text: string): Test {
  const tests: Test[] = [];
  for (const { word, column } of words(text)) {
    const match = term.exec(word);
    if (!match) throw new UserError(`--where:1:${column}: not a term: ${word} (use NAME=VALUE, NAME!=VALUE, NAME~TEXT, NAME>NUMBER)`);
    const [, name, operator, quoted] = match as unknown as [string, string, string, string];
    if (!attributeNames.includes(name)) throw unknownAttribute('--where', column, name);
    tests.push(testOf(name, operator, unquote(quoted), column));
  }
  return (row) => tests.every((test) => test(row));
}

/** Names of --columns, --sort and --group-by, checked. A leading `-` (descending) is left to the caller, where `signed` allows it. */
export function parseNames(option: string, text: string, signed = false): string[] {
  let column = 1;
  return text.split(',').map((part) => {
    const name = part.trim();
    const bare = signed ? name.replace(/^-/, '') : name;
    if (bare === '') throw new UserError(`${option}:1:${column}: a name is missing here (use NAME,NAME)`);
    if (!attributeNames.includes(bare)) throw unknownAttribute(option, column + part.indexOf(bare), bare);
    column += part.length + 1;
    return name;
  });
}

function unknownAttribute(option: string, column: number, name: string): UserError {
  const near = closest(name, attributeNames);
  return new UserError(`${option}:1:${column}: unknown attribute ${name}${near === undefined ? '' : `, did you mean ${near}?`}`, {
    hints: [`attributes: ${attributeNames.join(' ')}`],
  });
}

function* words(text: string): Generator<{ word: string; column: number }> {
  const pattern = /(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^\s"'])+|["']/g;
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) yield { word: match[0], column: match.index + 1 };
}

function unquote(value: string): string {
  if (value.startsWith('"') && value.endsWith('"') && value.length > 1) return value.slice(1, -1).replace(/\\(.)/g, '$1');
  if (value.startsWith("'") && value.endsWith("'") && value.length > 1) return value.slice(1, -1);
  return value;
}

function testOf(name: string, operator: string, value: string, column: number): Test {
  if (operator === '~') return (row) => String(row[name] ?? '').includes(value);
  if (operator === '=' || operator === '!=') {
    const equals = equality(value);
    return (row) => equals(row[name]) === (operator === '=');
  }
  const number = Number(value);
  if (value.trim() === '' || Number.isNaN(number)) throw new UserError(`--where:1:${column}: ${name}${operator}${value}: ${operator} compares numbers, and ${value || 'nothing'} is none`);
  const compare: Record<string, (a: number) => boolean> = { '>': (a) => a > number, '<': (a) => a < number, '>=': (a) => a >= number, '<=': (a) => a <= number };
  const test = compare[operator]!;
  return (row) => typeof row[name] === 'number' && test(row[name]);
}

function equality(value: string): (actual: unknown) => boolean {
  if (!value.includes('*')) return (actual) => String(actual ?? '') === value;
  const [first, ...parts] = value.split('*') as [string, ...string[]];
  const last = parts.pop()!;
  return (actual) => {
    const text = String(actual ?? '');
    if (!text.startsWith(first) || !text.endsWith(last)) return false;
    // Each part at its first place: no pattern can make this slow, whatever the names are.
    let at = first.length;
    for (const part of parts) {
      const found = text.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return at + last.length <= text.length;
  };
}
