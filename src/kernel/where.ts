/** The filter of --where: terms such as `kind=socket state=CLOSE_WAIT fd>100 path~upload`, all of which must hold. */
import { closest } from './closest.ts';
import { UserError } from './user-error.ts';

/** What rows have that can be asked for. */
export interface Attributes<Row> {
  names: readonly string[];
  /** A name that is not in the list and known all the same: `label:worker`. */
  isName?(name: string): boolean;
  /** A list stands for each of its values: one of them must fit. */
  attributeOf(row: Row, name: string): unknown;
  /** A number in the unit of the attribute, from what the user typed: `10m`; undefined when it is none. */
  numberOf?(name: string, text: string): number | undefined;
}

const term = /^([A-Za-z]+(?::[^=!~<>\s"']+)?)(!=|>=|<=|=|~|>|<)("(?:[^"\\]|\\.)*"|'[^']*'|\S*)$/;

/**
 * `=` and `!=` compare text (with `*` for anything) or numbers and true/false; `~` is "contains"; `<` `>` `<=` `>=` compare numbers.
 * A value with spaces stands in quotes. Throws UserError with the column of the term at fault.
 */
export function parseTerms<Row>(text: string, attributes: Attributes<Row>): (row: Row) => boolean {
  const tests: ((row: Row) => boolean)[] = [];
  for (const { word, column } of words(text)) {
    const match = term.exec(word);
    if (!match) throw new UserError(`--where:1:${column}: not a term: ${word} (use NAME=VALUE, NAME!=VALUE, NAME~TEXT, NAME>NUMBER)`);
    const [, name, operator, quoted] = match as unknown as [string, string, string, string];
    if (!isKnown(name, attributes)) throw unknownAttribute('--where', column, name, attributes.names);
    tests.push(testOf(name, operator, unquote(quoted), column, attributes));
  }
  return (row) => tests.every((test) => test(row));
}

/** Names of --columns, --sort and --group-by, checked. A leading `-` (descending) is left to the caller, where `signed` allows it. */
export function parseAttributeNames<Row>(option: string, text: string, attributes: Pick<Attributes<Row>, 'names' | 'isName'>, signed = false): string[] {
  let column = 1;
  return text.split(',').map((part) => {
    const name = part.trim();
    const bare = signed ? name.replace(/^-/, '') : name;
    if (bare === '') throw new UserError(`${option}:1:${column}: a name is missing here (use NAME,NAME)`);
    if (!isKnown(bare, attributes)) throw unknownAttribute(option, column + part.indexOf(bare), bare, attributes.names);
    column += part.length + 1;
    return name;
  });
}

function isKnown<Row>(name: string, { names, isName }: Pick<Attributes<Row>, 'names' | 'isName'>): boolean {
  return names.includes(name) || (isName?.(name) ?? false);
}

function unknownAttribute(option: string, column: number, name: string, names: readonly string[]): UserError {
  const near = closest(name, names);
  return new UserError(`${option}:1:${column}: unknown attribute ${name}${near === undefined ? '' : `, did you mean ${near}?`}`, {
    hints: [`attributes: ${names.join(' ')}`],
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

function testOf<Row>(name: string, operator: string, value: string, column: number, { attributeOf, numberOf }: Attributes<Row>): (row: Row) => boolean {
  const some = (row: Row, test: (actual: unknown) => boolean): boolean => {
    const actual = attributeOf(row, name);
    return Array.isArray(actual) ? actual.some(test) : test(actual);
  };
  if (operator === '~') return (row) => some(row, (actual) => String(actual ?? '').includes(value));
  if (operator === '=' || operator === '!=') {
    const equals = equality(value);
    return (row) => some(row, equals) === (operator === '=');
  }
  const number = numberOf?.(name, value) ?? Number(value);
  if (value.trim() === '' || Number.isNaN(number)) throw new UserError(`--where:1:${column}: ${name}${operator}${value}: ${operator} compares numbers, and ${value || 'nothing'} is none`);
  const compare: Record<string, (a: number) => boolean> = { '>': (a) => a > number, '<': (a) => a < number, '>=': (a) => a >= number, '<=': (a) => a <= number };
  const test = compare[operator]!;
  return (row) => some(row, (actual) => typeof actual === 'number' && test(actual));
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
