/** A moment in a log, as the user names it. */
import { parseDuration } from '../kernel/duration.ts';
import { UserError } from '../kernel/user-error.ts';

/** True of the first line that comes after the moment. Times in µs. */
export type StopsAt = (time: number, line: number, first: number) => boolean;

/** `12:00:01.5` of a log with -t or -tt, seconds since the epoch or a date of one with -ttt, `+5s` after its start, `line:1041`. */
export function parseMoment(text: string): StopsAt {
  const line = /^line:(\d{1,15})$/.exec(text)?.[1];
  if (line !== undefined) return (_time, number) => number > Number(line);
  if (text.startsWith('+')) {
    const micros = parseDuration('--at', text.slice(1)) * 1000;
    return (time, _line, first) => time > first + micros;
  }
  const clock = /^(\d{1,2}):(\d\d):(\d\d(?:\.\d+)?)$/.exec(text);
  if (clock) {
    const micros = Math.round((Number(clock[1]) * 3600 + Number(clock[2]) * 60 + Number(clock[3])) * 1e6);
    return (time, _line, first) => refuseEpoch(first) && time > micros;
  }
  const micros = /^\d{10}(?:\.\d+)?$/.test(text) ? Number(text) * 1e6 : Date.parse(text) * 1000;
  if (Number.isNaN(micros)) throw new UserError(`--at: ${text} is no moment of a log`, { hints: ['--at 12:00:01.5, --at 1790000000.25, --at 2026-11-22T12:00:00Z, --at +5s, --at line:1041'] });
  return (time) => time > micros;
}

function refuseEpoch(first: number): true {
  if (first > 86_400_000_000 * 2) throw new UserError('--at: this log has seconds since the epoch, and no time of day tells which day: give seconds, a date, or +5s after its start');
  return true;
}
