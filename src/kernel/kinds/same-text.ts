/**
 * Texts of which a large table has few, each a thousand times over: made once, equal ones are one string, whose hash is known and
 * whose bytes are held once.
 */

/** More than any look has; a long watch begins anew. */
const MOST = 10_000;

type Level = Map<string | number, Level | string>;

export class SameTexts {
  #texts: Level = new Map();
  #size = 0;

  /** The text of these parts, by `make` where it is not known. */
  of(a: string, b: string, c: string, d: number, make: (a: string, b: string, c: string, d: number) => string): string {
    if (this.#size >= MOST) {
      this.#texts = new Map();
      this.#size = 0;
    }
    const level = below(below(below(this.#texts, a), b), c);
    let text = level.get(d) as string | undefined;
    if (text === undefined) {
      level.set(d, (text = make(a, b, c, d)));
      this.#size++;
    }
    return text;
  }
}

function below(level: Level, name: string): Level {
  let next = level.get(name) as Level | undefined;
  if (next === undefined) level.set(name, (next = new Map()));
  return next;
}
