/**
 * The condition of `record --when`: `fds/soft > 0.8 and age > 1m`. Comparisons of sums and products of what is cheap to ask, joined by
 * `and`, `or`, `not` and brackets. What is not known (the ratio to an unlimited limit) makes a comparison neither true nor false.
 */
import { closest } from '../../kernel/closest.ts';
import { UserError } from '../../kernel/user-error.ts';
import { type Token, tokensOf } from './tokens.ts';

/** What may be asked of one process, each free of locks and of privilege; sizes in bytes, times in seconds. */
export const MEASURES = {
  fds: 'open descriptors',
  soft: 'soft limit of open descriptors',
  hard: 'hard limit of open descriptors',
  threads: 'threads',
  rss: 'resident memory, bytes',
  age: 'seconds since its start',
} as const;

export type Measure = keyof typeof MEASURES;
export type Values = Partial<Record<Measure, number>>;

export interface Condition {
  /** As it was written. */
  text: string;
  /** What it asks for. */
  measures: ReadonlySet<Measure>;
  /** Undefined where what it needs is not known. */
  holds(values: Values): boolean | undefined;
}

type Number_ = (values: Values) => number | undefined;
type Truth = (values: Values) => boolean | undefined;

const COMPARISONS: Record<string, (a: number, b: number) => boolean> = {
  '>': (a, b) => a > b, '>=': (a, b) => a >= b, '<': (a, b) => a < b, '<=': (a, b) => a <= b, '==': (a, b) => a === b, '!=': (a, b) => a !== b,
};
const SUMS: Record<string, (a: number, b: number) => number> = { '+': (a, b) => a + b, '-': (a, b) => a - b };
const PRODUCTS: Record<string, (a: number, b: number) => number> = { '*': (a, b) => a * b, '/': (a, b) => a / b };
/** Brackets in brackets: more nobody writes, and each takes room on our stack. */
const DEEPEST = 50;

/** @throws UserError with the column of what is wrong */
export function parseCondition(text: string): Condition {
  return new Parser(text).condition();
}

class Parser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  readonly #measures = new Set<Measure>();
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokensOf(text, (column, what) => this.#fail(column, what));
  }

  condition(): Condition {
    if (this.#tokens.length === 0) this.#fail(1, 'nothing is asked for');
    const holds = this.#or();
    const rest = this.#tokens[this.#at];
    if (rest) this.#fail(rest.column, `${rest.text} is not expected here; conditions are joined by and, or`);
    return { text: this.#text, measures: this.#measures, holds };
  }

  #or(): Truth {
    let left = this.#and();
    while (this.#takes('or', '||')) {
      const [a, b] = [left, this.#and()];
      left = (values) => either(a(values), b(values));
    }
    return left;
  }

  #and(): Truth {
    let left = this.#not();
    while (this.#takes('and', '&&')) {
      const [a, b] = [left, this.#not()];
      left = (values) => opposite(either(opposite(a(values)), opposite(b(values))));
    }
    return left;
  }

  #not(): Truth {
    if (this.#takes('not', '!')) {
      this.#deeper();
      const inner = this.#not();
      this.#depth--;
      return (values) => opposite(inner(values));
    }
    return this.#comparison();
  }

  #comparison(): Truth {
    const from = this.#at;
    // A bracket may hold a condition or a number: which one is seen behind it.
    if (this.#takes('(')) {
      this.#deeper();
      const begun = this.#at;
      if (this.#isCondition(begun)) {
        const inner = this.#or();
        this.#close();
        return inner;
      }
      this.#depth--;
      this.#at = from;
    }
    const left = this.#sum();
    const operator = this.#tokens[this.#at];
    const compare = operator && COMPARISONS[operator.text];
    if (!compare) {
      if (operator?.text === '=') this.#fail(operator.column, 'a comparison is written ==');
      this.#fail(operator?.column ?? this.#text.length + 1, `a comparison is expected here (${Object.keys(COMPARISONS).join(' ')}), as in fds/soft > 0.8`);
    }
    this.#at++;
    const right = this.#sum();
    const next = this.#tokens[this.#at];
    if (next && COMPARISONS[next.text]) this.#fail(next.column, 'comparisons do not go on: join two by and');
    return (values) => {
      const [a, b] = [left(values), right(values)];
      return a === undefined || b === undefined ? undefined : compare(a, b);
    };
  }

  /** Does the bracket that was opened hold a comparison at its own level, or one in brackets? */
  #isCondition(from: number): boolean {
    let depth = 1;
    for (let at = from; at < this.#tokens.length && depth > 0; at++) {
      const { text } = this.#tokens[at]!;
      if (text === '(') depth++;
      else if (text === ')') depth--;
      else if (COMPARISONS[text] || text === '=' || text === 'not' || text === '!') return true;
    }
    return false;
  }

  #sum(): Number_ {
    return this.#chain(SUMS, () => this.#chain(PRODUCTS, () => this.#number()));
  }

  #chain(operators: typeof SUMS, next: () => Number_): Number_ {
    let left = next();
    for (;;) {
      const apply = operators[this.#tokens[this.#at]?.text ?? ''];
      if (!apply) return left;
      this.#at++;
      const [a, b] = [left, next()];
      left = (values) => finite(a(values), b(values), apply);
    }
  }

  #number(): Number_ {
    const token = this.#tokens[this.#at++];
    if (!token) this.#fail(this.#text.length + 1, 'a number or a name is expected here');
    if (token.value !== undefined) return () => token.value;
    if (token.text === '(') {
      this.#deeper();
      const inner = this.#sum();
      this.#close();
      return inner;
    }
    if (token.text === '-') {
      this.#deeper();
      const inner = this.#number();
      this.#depth--;
      return (values) => finite(0, inner(values), SUMS['-']!);
    }
    if (!/^[a-z_]/i.test(token.text)) this.#fail(token.column, `${token.text} is not expected here: a number or a name is`);
    if (!isMeasure(token.text)) {
      const near = closest(token.text, Object.keys(MEASURES));
      this.#fail(token.column, `nothing is called ${token.text}${near === undefined ? '' : `, did you mean ${near}?`} (${Object.keys(MEASURES).join(', ')})`);
    }
    const measure = token.text;
    this.#measures.add(measure);
    return (values) => values[measure];
  }

  #deeper(): void {
    if (++this.#depth > DEEPEST) this.#fail(this.#tokens[this.#at]?.column ?? 1, `more than ${DEEPEST} brackets in each other`);
  }

  #close(): void {
    const token = this.#tokens[this.#at];
    if (token?.text !== ')') this.#fail(token?.column ?? this.#text.length + 1, ') is expected here');
    this.#at++;
    this.#depth--;
  }

  #takes(...words: string[]): boolean {
    const isMeant = words.includes(this.#tokens[this.#at]?.text ?? '');
    if (isMeant) this.#at++;
    return isMeant;
  }

  #fail(column: number, what: string): never {
    throw new UserError(`--when:${column}: ${what}`, { hints: [`  ${this.#text}`, `  ${' '.repeat(Math.max(0, column - 1))}^`] });
  }
}

function isMeasure(name: string): name is Measure {
  return Object.hasOwn(MEASURES, name);
}

/** Division by nothing says nothing. */
function finite(a: number | undefined, b: number | undefined, apply: (a: number, b: number) => number): number | undefined {
  if (a === undefined || b === undefined) return undefined;
  const result = apply(a, b);
  return Number.isFinite(result) ? result : undefined;
}

function either(a: boolean | undefined, b: boolean | undefined): boolean | undefined {
  if (a === true || b === true) return true;
  return a === undefined || b === undefined ? undefined : false;
}

function opposite(truth: boolean | undefined): boolean | undefined {
  return truth === undefined ? undefined : !truth;
}
