/** What a line is: prefixes, kind, name of the call, arguments, result. Works on bytes; no text is made of a line that nobody needs. */
import type { ByteString } from '../../evidence/types.ts';
import { readHead } from './head.ts';
import { KIND, type Line, RESULT } from './line.ts';
import type { Names } from './names.ts';
import { readTail, TAIL } from './tail.ts';

const SPACE = 32;
const OPEN = 40;
const LESS = 60;

/** `buf` and `text` hold the same bytes at the same offsets. */
export class Scanner {
  readonly names: Names;

  constructor(names: Names) {
    this.names = names;
  }

  /** @param from,to the line without its newline */
  scan(line: Line, buf: Uint8Array, text: ByteString, from: number, to: number): void {
    if (buf[to - 1] === 13) to--;
    if (to <= from) {
      line.kind = KIND.empty;
      return;
    }
    if (buf[from] === SPACE && this.scanIndented(line, buf, text, from, to)) return;
    readHead(line, buf, from, to);
    const i = line.body;
    const c = buf[i];
    if (c === LESS) this.scanResumed(line, buf, text, i, to);
    else if (c === 45 && buf[i + 1] === 45 && buf[i + 2] === 45) line.kind = KIND.signal;
    else if (c === 43 && buf[i + 1] === 43 && buf[i + 2] === 43) scanEnd(line, text, i, to);
    else this.scanCall(line, buf, text, i, to);
  }

  private scanIndented(line: Line, buf: Uint8Array, text: ByteString, from: number, to: number): boolean {
    const c = buf[from + 1];
    if (c === 62 && (buf[from + 2] === SPACE || to === from + 2)) {
      line.kind = KIND.stack;
      line.body = from + 3;
      return true;
    }
    if (c === 124 && buf[from + 2] === SPACE) {
      line.kind = KIND.dump;
      line.body = from + 3;
      return true;
    }
    if (text.startsWith('<unfinished ...>', from + 1)) {
      // The rest of a line that a message of strace was written into.
      line.kind = KIND.other;
      line.pid = 0;
      line.time = NaN;
      line.body = from;
      return true;
    }
    return false;
  }

  private scanCall(line: Line, buf: Uint8Array, text: ByteString, from: number, to: number): void {
    let i = from;
    let hash = 0;
    // Letters, digits, _ and the ? of calls that strace could not read.
    for (let c = buf[i]!; i < to && ((c >= 97 && c <= 122) || c === 95 || (c >= 48 && c <= 57) || (c >= 63 && c <= 90)); c = buf[++i]!) {
      hash = (Math.imul(hash, 31) + c) | 0;
    }
    if (i === from || i >= to || buf[i] !== OPEN) {
      line.kind = otherKind(line, text, from, to);
      return;
    }
    line.name = this.names.id(hash, i - from, text, from);
    line.argsFrom = i + 1;
    const tail = readTail(line, buf, i + 1, to);
    if (tail === TAIL.result || tail === TAIL.detached) line.kind = KIND.call;
    else line.kind = tail === TAIL.unfinished ? KIND.unfinished : KIND.cut;
    if (tail === TAIL.none) line.argsTo = to;
  }

  private scanResumed(line: Line, buf: Uint8Array, text: ByteString, from: number, to: number): void {
    line.kind = KIND.other;
    if (buf[from + 1] !== 46 || buf[from + 2] !== 46 || buf[from + 4] !== SPACE) return;
    let i = from + 5;
    let hash = 0;
    for (let c = buf[i]!; i < to && c !== SPACE; c = buf[++i]!) hash = (Math.imul(hash, 31) + c) | 0;
    if (!text.startsWith(' resumed>', i)) return;
    line.name = this.names.id(hash, i - from - 5, text, from + 5);
    i += 9;
    // Up to 4.26 there was a blank here.
    while (buf[i] === SPACE && i < to) i++;
    line.argsFrom = i;
    if (text.startsWith('= ?', i)) {
      // A thread that was killed in the call.
      line.kind = KIND.resumed;
      line.argsTo = i;
      line.result = RESULT.unknown;
      line.errnoFrom = 0;
      line.duration = NaN;
      return;
    }
    const tail = readTail(line, buf, i, to);
    line.kind = tail === TAIL.unfinished ? KIND.resumedUnfinished : tail === TAIL.none ? KIND.cut : KIND.resumed;
    if (tail === TAIL.none) {
      line.argsTo = to;
      line.name = 0;
    }
  }
}

function scanEnd(line: Line, text: ByteString, from: number, to: number): void {
  line.kind = KIND.other;
  if (!text.startsWith('+++ ', from)) return;
  if (text.startsWith('exited with ', from + 4)) {
    line.kind = KIND.exited;
    line.value = Number.parseInt(text.slice(from + 16, from + 24), 10);
  } else if (text.startsWith('killed by ', from + 4)) {
    line.kind = KIND.killed;
    line.argsFrom = from + 14;
    line.argsTo = to;
  } else if (text.startsWith('superseded by execve in pid ', from + 4)) {
    line.kind = KIND.superseded;
    line.value = Number.parseInt(text.slice(from + 32, from + 42), 10);
  }
}

const ATTACHED = /(?:^|: )Process (\d+) attached(?: with \d+ threads)?(?: \(waiting for parent\)| - interrupt to quit)?$/;
const MESSAGE =
  /^(?:\S*strace: |\S*: Process \d+ (?:attached|detached)|Process \d+ (?:detached|suspended|resumed|attached)|\[ Process PID=\d+ runs in .* mode\. \]|\{?System call usage summary)/;

/** Rare lines: regular expressions cost nothing here. */
function otherKind(line: Line, text: ByteString, from: number, to: number): number {
  // What a program wrote can have any length.
  const body = text.slice(from, Math.min(to, from + 400));
  const attached = ATTACHED.exec(body)?.[1];
  if (attached !== undefined) {
    line.value = Number(attached);
    return KIND.attached;
  }
  if (MESSAGE.test(body)) return KIND.message;
  return body.startsWith('% time ') ? KIND.summary : KIND.other;
}
