/** What stands behind `goroutine N` in the first line of a goroutine (runtime/traceback.go goroutineheader, Go 1.5 to 1.27). */

export interface Header {
  state: string;
  /** Whole minutes, see minutes.ts. */
  waitMinutes?: number;
  lockedToThread: boolean;
  leaked: boolean;
  labels: Readonly<Record<string, string>>;
  /** The labels as printed: equal text, equal labels. */
  labelText: string;
}

const NONE: Readonly<Record<string, string>> = {};
/** These belong to the state; other words in parentheses are marks. */
const STATE_WORDS = new Set(['nil chan', 'no cases', 'idle', 'active', 'blocked']);

/**
 * @param text from behind the id to the end of the line: ` gp=0xc0 m=nil [chan send, 5 minutes] {k: "v"}:`
 * @returns undefined when this is no header
 */
export function parseHeader(text: string): Header | undefined {
  const open = text.indexOf('[');
  if (open < 1 || !/^(?: (?:gp|m|mp|g)=\S+)* $/.test(text.slice(0, open))) return undefined;
  const inside = bracket(text, open + 1);
  if (!inside) return undefined;
  const behind = /^(.*?):?\s*$/s.exec(text.slice(inside.end + 1))![1]!.trim();
  const header: Header = { state: '', lockedToThread: false, leaked: false, labels: NONE, labelText: '' };
  let words = inside.text;
  const labelled = / labels:(\{.*\})$/s.exec(words);
  if (labelled) words = words.slice(0, labelled.index);
  const [first = '', ...rest] = words.split(', ');
  header.state = stateOf(first, header);
  for (const word of rest) note(word, header);
  header.labelText = labelled?.[1] ?? (behind.startsWith('{') ? behind : '');
  if (header.labelText !== '') header.labels = parseLabels(header.labelText);
  return header;
}

/** To the closing bracket; labels inside may hold brackets in quotes. */
function bracket(text: string, start: number): { text: string; end: number } | undefined {
  let quoted = false;
  for (let i = start; i < text.length; i++) {
    const c = text[i];
    if (quoted && c === '\\') i++;
    else if (c === '"') quoted = !quoted;
    else if (c === ']' && !quoted) return { text: text.slice(start, i), end: i };
  }
  return undefined;
}

function stateOf(text: string, header: Header): string {
  return text
    .replace(/ \(([^()]*)\)/g, (whole, word: string) => {
      if (word === 'leaked') header.leaked = true;
      return STATE_WORDS.has(word) ? whole : '';
    })
    .trim();
}

function note(word: string, header: Header): void {
  const minutes = /^(\d{1,9}) minutes?$/.exec(word);
  if (minutes) header.waitMinutes = Number(minutes[1]);
  else if (word.startsWith('locked to thread')) header.lockedToThread = true;
}

const LABEL = /\s*("(?:[^"\\]|\\.)*"|[^\s:="{},]+)\s*[:=]\s*("(?:[^"\\]|\\.)*"|[^\s",{}]+)\s*,?/gy;

/** Labels as Go prints them: `{"k": "v"}` of profiles and of 1.26, `{k: "v"}` of 1.27. What does not fit is left out. */
export function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = text.indexOf('{') + 1;
  for (let match = LABEL.exec(text); match; match = LABEL.exec(text)) {
    Object.defineProperty(labels, unquoted(match[1]!), { value: unquoted(match[2]!), enumerable: true, writable: true, configurable: true });
  }
  return labels;
}

const ESCAPES: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** A Go string literal (strconv.Quote) to its bytes, one char per byte; other words as they are. */
export function unquoted(word: string): string {
  if (!word.startsWith('"')) return word;
  return word.slice(1, -1).replace(/\\(x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[0-7]{3}|.)/gs, (_, code: string) => {
    if (/^[uU]/.test(code) && code.length > 1) return bytesOf(Number.parseInt(code.slice(1), 16));
    if (code[0] === 'x' && code.length === 3) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    if (/^[0-7]{3}$/.test(code)) return String.fromCharCode(Number.parseInt(code, 8) & 0xff);
    return ESCAPES[code] ?? code;
  });
}

function bytesOf(codePoint: number): string {
  const valid = codePoint <= 0x10ffff ? codePoint : 0xfffd;
  return Buffer.from(String.fromCodePoint(valid), 'utf8').toString('latin1');
}
