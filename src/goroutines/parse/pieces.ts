/**
 * Logs of containers cut long messages in pieces: containerd and CRI-O mark those that go on (`stderr P`, kubernetes: CRI log format), Docker
 * leaves the newline out of what fills its 16 KiB (daemon/logger/copier.go), journald says so in another member. A dump within one message
 * of a log is larger than that. The pieces of a stream are put together; all else stays as it is.
 */
import { memberAt } from './quoted.ts';

const LF = 10;
/** Where the first lines are none of such a log, nothing is looked at. */
const HEAD_BYTES = 64 * 1024;
const CRI = /^(\d{4}-\d\d-\d\dT\S+ (stdout|stderr) )([PF])(:\S+)? /;
const STARTS = /^(?:\{\s*"|\d{4}-\d\d-\d\dT\S+ (?:stdout|stderr) [PF](?::\S+)? )/m;
const GOES_ON = /"(?:CONTAINER_PARTIAL_MESSAGE":\s*"true|_LINE_BREAK":\s*"line-max)"/;
/** What Docker writes at once. */
const PIECE_BYTES = 16 * 1024;
/** Of a message; a longer one goes on as another, which is told. */
const MOST_BYTES = 32 * 1024 * 1024;
/** Of a line that has no end: it is no piece. */
const LONGEST_LINE = 1024 * 1024;

/** A line as a piece: what stands before the text and behind it in the record that holds all of it. */
interface Piece {
  stream: string;
  before: string;
  text: string;
  behind: string;
  goesOn: boolean;
}

interface Held {
  before: string;
  texts: string[];
  bytes: number;
}

export class Pieces {
  /** Messages that had no end, or none that we waited for. */
  unfinished = 0;
  private decided = false;
  private isLog = false;
  /** Lines that have no end yet. */
  private carry: Buffer[] = [];
  private carried = 0;
  /** Within a line that is none of a log. */
  private passing = false;
  private readonly streams = new Map<string, Held>();

  /** @param chunk the first of which must hold the first lines, as far as 64 KiB go @returns what can be read on; may be the chunk itself */
  push(chunk: Buffer): Buffer {
    if (!this.decided) {
      this.decided = true;
      this.isLog = STARTS.test(chunk.toString('latin1', 0, HEAD_BYTES));
    }
    if (!this.isLog) return chunk;
    const end = chunk.lastIndexOf(LF) + 1;
    if (this.passing) {
      if (end === 0) return chunk;
      this.passing = false;
      const first = chunk.indexOf(LF) + 1;
      return Buffer.concat([chunk.subarray(0, first), this.push(chunk.subarray(first))]);
    }
    if (end === 0) {
      this.keep(chunk);
      if (this.carried <= LONGEST_LINE) return Buffer.alloc(0);
      this.passing = true;
      return this.taken();
    }
    const lines = Buffer.concat([this.taken(), chunk.subarray(0, end)]);
    this.keep(chunk.subarray(end));
    return this.joined(lines);
  }

  /** What is left; messages without an end are counted. */
  end(): Buffer {
    const rest = this.joined(this.taken());
    const open = [...this.streams.values()].map(({ before, texts }) => `${before}${texts.join('')}\n`);
    this.unfinished += open.length;
    return open.length === 0 ? rest : Buffer.concat([rest, Buffer.from(open.join(''), 'latin1')]);
  }

  private keep(chunk: Buffer): void {
    // The memory of the chunk is not ours.
    if (chunk.length > 0) this.carry.push(Buffer.from(chunk));
    this.carried += chunk.length;
  }

  private taken(): Buffer {
    const all = Buffer.concat(this.carry);
    this.carry = [];
    this.carried = 0;
    return all;
  }

  private joined(lines: Buffer): Buffer {
    const out: Buffer[] = [];
    let from = 0;
    for (let at = 0; at < lines.length; ) {
      const newline = lines.indexOf(LF, at);
      const to = newline < 0 ? lines.length : newline + 1;
      const line = this.line(lines.toString('latin1', at, newline < 0 ? to : newline));
      if (line !== undefined) {
        out.push(lines.subarray(from, at), Buffer.from(line, 'latin1'));
        from = to;
      }
      at = to;
    }
    if (from === 0) return lines;
    return Buffer.concat([...out, lines.subarray(from)]);
  }

  /** What to read in its place; undefined: the line as it is. */
  private line(line: string): string | undefined {
    const piece = criPiece(line) ?? jsonPiece(line);
    if (!piece) return undefined;
    const { stream, before, text, behind, goesOn } = piece;
    const held = this.streams.get(stream);
    if (!held && !goesOn) return undefined;
    const all = held ?? { before, texts: [], bytes: 0 };
    all.texts.push(text);
    all.bytes += text.length;
    const isTooLong = all.bytes > MOST_BYTES;
    if (goesOn && !isTooLong) {
      this.streams.set(stream, all);
      return '';
    }
    if (isTooLong) this.unfinished++;
    this.streams.delete(stream);
    return `${all.before}${all.texts.join('')}${behind}\n`;
  }
}

function criPiece(line: string): Piece | undefined {
  const match = CRI.exec(line);
  if (!match) return undefined;
  const text = line.slice(match[0].length);
  return { stream: match[2]!, before: `${match[1]!}F `, text: match[3] === 'P' ? text.replace(/\r$/, '') : text, behind: '', goesOn: match[3] === 'P' };
}

function jsonPiece(line: string): Piece | undefined {
  if (!line.startsWith('{')) return undefined;
  const isDocker = /"(?:log|MESSAGE)":\s*"/.exec(line);
  if (!isDocker) return undefined;
  const { from, to, bytes } = memberAt(line, isDocker.index + isDocker[0].length);
  const text = line.slice(from, to);
  const others = `${line.slice(0, isDocker.index)}${line.slice(to)}`;
  const stream = /"(?:stream|CONTAINER_ID_FULL|_PID)":\s*"([^"]*)"/.exec(others)?.[1] ?? '';
  const goesOn = isDocker[0].startsWith('"log') ? bytes >= PIECE_BYTES && !text.endsWith('\\n') : GOES_ON.test(others);
  return { stream, before: line.slice(0, from), text, behind: line.slice(to), goesOn };
}
