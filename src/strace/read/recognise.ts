/** What kind of log it is, by its first lines. */
import type { ByteString } from '../../evidence/types.ts';
import { KIND, newLine } from '../parse/line.ts';
import { Names } from '../parse/names.ts';
import { looksBinary, toolOf } from '../parse/other-tools.ts';
import { Scanner } from '../parse/scan.ts';
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

/** @param samples the beginning of each file */
export function recognise(samples: readonly ByteString[], isSet: boolean): Recognition {
  const whole = samples.join('\n');
  if (whole.trim() === '') return { problem: 'is empty' };
  if (looksBinary(whole.slice(0, 65_536))) return { problem: 'is not text: no log of strace' };
  const plain = withColourRemoved(samples.flatMap((sample) => sample.split('\n').slice(0, LINES)));
  const lines = plain.lines.filter((line) => line !== '');
  const found = scanAll(lines);
  if (found.calls === 0 && !found.fates) {
    const tool = toolOf(lines);
    return { problem: tool === undefined ? 'has no line of strace' : `is a log of ${tool}, not of strace` };
  }
  // SYS_openat( and name@lib( scan as calls: the tool is told by its own marks.
  const tool = found.calls < lines.length / 2 || /^(?:\d+ )?(?:[\d:.]+ )?(?:\[pid \d+\] )?SYS_\w+\(/m.test(lines.join('\n')) ? toolOf(lines) : undefined;
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
  const found = { calls: 0, fates: false, stacks: false, durations: false, time: 'none' as Recognised['time'], pids: 'none' as Recognised['pids'] };
  for (const text of lines) {
    const buf = Buffer.from(text, 'latin1');
    scanner.scan(line, buf, text, 0, buf.length);
    if (line.kind === KIND.stack) found.stacks = true;
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
