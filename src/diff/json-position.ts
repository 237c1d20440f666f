/** Where in a JSON text something stands: for messages as FILE:LINE:COL. Asked only when something is wrong. */

export type JsonPath = readonly (string | number)[];

export interface Place {
  /** UTF-16 units from the start. */
  offset: number;
  /** Why the text is no JSON from there on. */
  problem?: string;
}

interface Frame {
  isArray: boolean;
  step: string | number;
}

type State = 'value' | 'value or ]' | 'key' | 'key or }' | 'colon' | 'comma' | 'end';

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;

/**
 * The first value at `path`, or the first place where the text stops being JSON (RFC 8259); undefined when the text is JSON
 * and has no such value. Without a path only the second is looked for. No recursion: the text may nest as deep as it likes.
 */
export function placeOf(text: string, path?: JsonPath): Place | undefined {
  const stack: Frame[] = [];
  let state: State = 'value';
  let at = 0;
  const isWanted = (): boolean => path !== undefined && stack.length === path.length && stack.every(({ step }, depth) => step === path[depth]);
  const close = (): void => {
    stack.pop();
    state = stack.length === 0 ? 'end' : 'comma';
  };
  for (;;) {
    while (at < text.length && ' \t\n\r'.includes(text[at]!)) at++;
    const char = text[at];
    const top = stack.at(-1);
    if (char === undefined) return state === 'end' ? undefined : { offset: at, problem: 'the text ends too early: it was cut off' };
    if (state === 'end') return { offset: at, problem: `nothing may follow here, and there is ${show(char)}` };
    if ((state === 'value or ]' && char === ']') || (state === 'key or }' && char === '}')) {
      at++;
      close();
    } else if (state === 'key' || state === 'key or }') {
      const end = char === '"' ? endOfString(text, at) : -1;
      if (end < 0) return { offset: at, problem: char === '"' ? 'a string without an end, or with a character that must be escaped' : `expected a name in quotes, not ${show(char)}` };
      top!.step = JSON.parse(text.slice(at, end)) as string;
      at = end;
      state = 'colon';
    } else if (state === 'colon') {
      if (char !== ':') return { offset: at, problem: `expected :, not ${show(char)}` };
      at++;
      state = 'value';
    } else if (state === 'comma') {
      if (char === (top!.isArray ? ']' : '}')) close();
      else if (char !== ',') return { offset: at, problem: `expected , or ${top!.isArray ? ']' : '}'}, not ${show(char)}` };
      else {
        if (top!.isArray) top!.step = (top!.step as number) + 1;
        state = top!.isArray ? 'value' : 'key';
      }
      at++;
    } else {
      if (isWanted()) return { offset: at };
      if (char === '[' || char === '{') {
        stack.push({ isArray: char === '[', step: char === '[' ? 0 : '' });
        state = char === '[' ? 'value or ]' : 'key or }';
        at++;
        continue;
      }
      const end = endOfScalar(text, at);
      if (end < 0) return { offset: at, problem: char === '"' ? 'a string without an end, or with a character that must be escaped' : `expected a value, not ${show(char)}` };
      at = end;
      state = stack.length === 0 ? 'end' : 'comma';
    }
  }
}

/** Line and column, from 1. */
export function lineAndColumn(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const start = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: offset - start + 1 };
}

/** Behind the last character of a string, number or word; -1 when there is none. */
function endOfScalar(text: string, at: number): number {
  if (text[at] === '"') return endOfString(text, at);
  for (const pattern of [NUMBER, WORD]) {
    pattern.lastIndex = at;
    if (pattern.test(text)) return pattern.lastIndex;
  }
  return -1;
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const char = text[at]!;
    if (char === '"') return at + 1;
    if (char < ' ') return -1;
    if (char !== '\\') continue;
    at++;
    if (text[at] === 'u' && /^[0-9a-fA-F]{4}$/.test(text.slice(at + 1, at + 5))) at += 4;
    else if (!'"\\/bfnrt'.includes(text[at] ?? ' ')) return -1;
  }
  return -1;
}

function show(char: string): string {
  return JSON.stringify(char);
}
