/**
 * Reads YAML (and JSON, which is some of it) of the user's own with the place of every mistake: `FILE:LINE:COL: what, did you mean ...`.
 * Data only: no tags, no merges, aliases are few.
 */
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { closest } from '../kernel/closest.ts';
import { UserError } from '../kernel/user-error.ts';

export interface Field {
  /** Throws UserError with the place of this value. */
  fail(what: string): never;
  /** Its keys; one that is not among these is an error. */
  mapping(known: readonly string[]): Map<string, Field>;
  list(): Field[];
  text(): string;
  /** Not negative. */
  integer(): number;
  /** The text, or the number, that it is. */
  scalar(): string | number;
  /** Does it hold keys of its own? */
  isMapping(): boolean;
}

/** The value that a file holds; undefined for one that holds nothing. @throws UserError, exit 2 */
export function readDocument(text: string, file: string): Field | undefined {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false, schema: 'core', merge: false });
  const [problem] = [...document.errors, ...document.warnings];
  const fail = (offset: number, what: string): never => {
    const { line, col } = counter.linePos(Math.min(offset, text.length));
    throw new UserError(`${file}:${line}:${col}: ${what}`);
  };
  if (problem) fail(problem.pos[0], problem.message.split('\n')[0]!);
  return document.contents === null ? undefined : fieldOf(document.contents as Node, fail);
}

function fieldOf(node: Node | null, fail: (offset: number, what: string) => never, at = 0): Field {
  const offset = node?.range?.[0] ?? at;
  const own = (what: string): never => fail(offset, what);
  const scalar = (): unknown => (isScalar(node) ? node.value : own('a single value is expected here'));
  return {
    fail: own,
    mapping: (known) => {
      if (!isMap(node)) return own(`keys are expected here: ${known.join(', ')}`);
      const fields = new Map<string, Field>();
      for (const { key, value } of node.items) {
        const name = isScalar(key) ? String(key.value) : '';
        const place = (key as Node).range?.[0] ?? offset;
        if (!known.includes(name)) {
          const near = closest(name, known);
          fail(place, `unknown key ${JSON.stringify(name)}${near === undefined ? `; known are ${known.join(', ')}` : `, did you mean ${near}?`}`);
        }
        fields.set(name, fieldOf(value as Node | null, fail, place));
      }
      return fields;
    },
    list: () => (isSeq(node) ? node.items.map((item) => fieldOf(item as Node, fail, offset)) : own('a list is expected here')),
    text: () => {
      const value = scalar();
      return typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String((node as unknown as { source?: string }).source ?? value) : own('a text is expected here');
    },
    isMapping: () => isMap(node),
    scalar: () => {
      const value = scalar();
      return typeof value === 'number' || (typeof value === 'string' && value !== '') ? value : own('a number or a text is expected here');
    },
    integer: () => {
      const value = scalar();
      return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : own('a whole number is expected here, 0 or more');
    },
  };
}
