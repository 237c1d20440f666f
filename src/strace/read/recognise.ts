/** What kind of log it is, by its first lines. */
import type { ByteString } from '../../evidence/types.ts';
import { KIND, newLine } from '../parse/line.ts';
import { Names } from '../parse/names.ts';
import { looksBinary, toolOf } from '../parse/other-tools.ts';
import { Scanner } from '../parse/scan.ts';
import { WIDEST } from '../lexer/lexer.ts';
import { withoutColour } from '../parse/colour.ts';

export interface Recognised {
  /** `none`, `-t`, `-tt`, `-ttt`, `-r` */
  time: 'none' | '-t' | '-tt' | '-ttt' | '-r';
  pids: 'none' | 'number' | 'bracket' | 'file';
  /** Options that show. */
  options: string[];
  files: number;
}

export type Recognition = { format: Recognised; problem?: never } | { problem: string; format?: never };

const LINES = 400;
/** Of a line longer than that, what kind it is shows in its beginning and its end. */
const LONG = 65_536;

/** @param samples the beginning of each file */
export function recognise(samples: readonly ByteString[], isSet: boolean): Recognition {
  const whole = samples.join('\n');
  if (whole.trim() === '') return { problem: 'is empty' };
  const plain = withColourRemoved(samples.flatMap(firstLines));
  const lines = plain.lines.filter((line) => line !== '');
  const found = scanAll(lines);
  // Bytes of other programs may stand among good lines.
  if (looksBinary(whole.slice(0, 65_536)) && found.known * 2 < lines.length) return { problem: 'is not text: no log of strace' };
  if (found.calls === 0 && found.summary) return { problem: 'is a summary of strace -c, and holds no calls: record without -c' };
  if (found.calls === 0 && !found.fates) {
    const tool = toolOf(lines);
    const where = whole.length >= WIDEST ? ' in its first MiB' : '';
    return { problem: tool === undefined ? `has no line of strace${where}` : `is a log of ${tool}, not of strace` };
  }
  // Lines of other tools scan as calls: they are told by their own marks.
  const tool = toolOf(lines);
  if (tool !== undefined) return { problem: `is a log of ${tool}, not of strace` };
  const text = lines.join('\n');
  const options = [
    ...(found.durations ? ['-T'] : []),
    ...(/ \d+<[^>\n]*>|\(\d+<|= \d+</.test(text) ? [/<(?:TCP|UDP|UNIX|NETLINK)|<[^>\n]*<char /.test(text) ? '-yy' : '-y'] : []),
    ...(found.stacks ? [/\[0x[0-9a-f]+\] \S+:\d+$/m.test(text) ? '-kk' : '-k'] : []),
    ...(plain.hadColour ? ['--color'] : []),
    ...(/\bopenat\(dirfd=|\bclose\(fd=|\bread\(fd=/.test(text) ? ['-N'] : []),
    ...(/\bopenat\(-100, |\bopenat\((?:dirfd=)?-100 \/\* AT_FDCWD/.test(text) ? ['-X'] : []),
    ...(/execve\("[^\n]*, \["[^\n]*\], \["/.test(text) ? ['-v'] : []),
  ];
  return { format: { time: found.time, pids: isSet ? 'file' : found.pids, options, files: samples.length } };
}

/** From the first line of strace on, or of all when there is none. */
function firstLines(sample: ByteString): ByteString[] {
  const lines = sample.split('\n');
  const first = lines.findIndex(isTraceLine);
  return lines.slice(Math.max(0, first), Math.max(0, first) + LINES);
}

export function hasTraceLine(sample: ByteString): boolean {
  return sample.split('\n').some(isTraceLine);
}

function isTraceLine(text: ByteString): boolean {
  if (text === '') return false;
  const [plain = ''] = withColourRemoved([text.length > LONG ? text.slice(0, LONG / 2) + text.slice(-LONG / 2) : text]).lines;
  probe.scanner.scan(probe.line, Buffer.from(plain, 'latin1'), plain, 0, plain.length);
  return probe.line.kind <= KIND.superseded;
}

const probe = { scanner: new Scanner(new Names([])), line: newLine() };

/** Was the log cut in the pid of its first line (`tail -c`)? Then that pid is the end of one that comes again, and never comes itself. */
export function isHeadCut(sample: ByteString): boolean {
  const [first = '', ...rest] = sample.split('\n').slice(0, LINES);
  const pid = /^(\d{1,6})(?:<[^>]*>)? +(?!execve)\S/.exec(first)?.[1];
  if (pid === undefined) return false;
  const others = new Set(rest.flatMap((line) => /^(\d{1,7})(?:<[^>]*>)? +\S/.exec(line)?.[1] ?? []));
  return !others.has(pid) && [...others].some((other) => other.length > pid.length && other.endsWith(pid));
}

function withColourRemoved(lines: readonly ByteString[]): { lines: ByteString[]; hadColour: boolean } {
  if (!lines.some((line) => line.includes('\x1b['))) return { lines: [...lines], hadColour: false };
  const plain = lines.map((line) => {
    const buf = Buffer.from(line, 'latin1');
    return buf.toString('latin1', 0, withoutColour(buf, 0, buf.length));
  });
  return { lines: plain, hadColour: true };
}

function scanAll(lines: readonly ByteString[]) {
  const scanner = new Scanner(new Names([]));
  const line = newLine();
  const found = { known: 0, calls: 0, fates: false, stacks: false, summary: false, durations: false, time: 'none' as Recognised['time'], pids: 'none' as Recognised['pids'] };
  for (const text of lines) {
    const buf = Buffer.from(text, 'latin1');
    scanner.scan(line, buf, text, 0, buf.length);
    if (line.kind === KIND.stack) found.stacks = true;
    if (line.kind === KIND.summary) found.summary = true;
    if (line.kind <= KIND.attached) found.known++;
    if (line.kind > KIND.superseded) continue;
    if (line.kind <= KIND.resumedUnfinished) found.calls++;
    else found.fates = true;
    if (!Number.isNaN(line.duration) && line.kind <= KIND.resumedUnfinished) found.durations = true;
    if (line.pid !== 0) found.pids = text.startsWith('[pid') ? 'bracket' : 'number';
    if (!Number.isNaN(line.time)) found.time = line.time >= 1e14 ? '-ttt' : /\d\d:\d\d:\d\d\./.test(text.slice(0, 60)) ? '-tt' : '-t';
    else if (!Number.isNaN(line.relative) && found.time === 'none') found.time = '-r';
  }
  return found;
}
