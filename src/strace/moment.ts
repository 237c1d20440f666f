/** A moment in a log, as the user names it. */
import { parseDuration } from '../kernel/duration.ts';
import { UserError } from '../kernel/user-error.ts';
import { duration } from '../report/words.ts';

/** µs */
export const DAY = 86_400_000_000;
const FORMS = ['--at 12:00:01.5, --at 1790000000.25, --at 2026-11-22T12:00:00Z, --at +5s, --at line:1041'];

export interface Moment {
  text: string;
  /** Of a line; undefined for a time. */
  line?: number;
  /** On the clock of the log, µs, given the time of its first line; undefined for a line. */
  micros?: (first: number) => number;
}

/** `12:00:01.5` of a log with -t or -tt, seconds since the epoch or a date of one with -ttt, `+5s` after its start, `line:1041`. */
export function parseMoment(text: string): Moment {
  const line = /^line:(\d{1,15})$/.exec(text)?.[1];
  if (line !== undefined) {
    if (Number(line) === 0) throw new UserError(`--at ${text}: lines are counted from 1`);
    return { text, line: Number(line) };
  }
  if (text.startsWith('+')) {
    const after = parseDuration('--at', text.slice(1)) * 1000;
    return { text, micros: (first) => first + after };
  }
  const clock = /^([01]?\d|2[0-3]):([0-5]\d):([0-5]\d(?:\.\d+)?)$/.exec(text);
  if (clock) {
    const micros = Math.round((Number(clock[1]) * 3600 + Number(clock[2]) * 60 + Number(clock[3])) * 1e6);
    return { text, micros: (first) => timeOfDay(micros, first) };
  }
  const micros = /^\d{10}(?:\.\d+)?$/.test(text) ? Number(text) * 1e6 : Date.parse(text) * 1000;
  if (Number.isNaN(micros)) throw new UserError(`--at: ${text} is no moment of a log`, { hints: FORMS });
  return { text, micros: () => micros };
}

/** Earlier than the first line it is that time of the next day. */
function timeOfDay(micros: number, first: number): number {
  if (first > DAY * 2) throw new UserError('--at: this log has seconds since the epoch, and no time of day tells which day: give seconds, a date, or +5s after its start');
  return micros < first ? micros + DAY : micros;
}

/** @throws UserError when the log does not hold the moment. Times in µs, NaN where there are none. */
export function refuseOutside({ text, line, micros }: Moment, log: { lines: number; first: number; last: number }): void {
  if (line !== undefined) {
    if (line > log.lines) throw new UserError(`--at ${text}: the log has lines 1 to ${log.lines}`);
    return;
  }
  if (Number.isNaN(log.first)) throw new UserError(`--at ${text}: this log has no times; name a line, --at line:N`);
  const at = micros!(log.first);
  const isBefore = at < log.first;
  if (!isBefore && at <= log.last) return;
  throw new UserError(`--at ${text}: that is ${isBefore ? 'before the first' : 'after the last'} line of the log, which goes from ${shown(log.first)} to ${shown(log.last)} (${duration((log.last - log.first) / 1000)})`);
}

function shown(micros: number): string {
  if (micros >= DAY * 2) return String(micros / 1e6);
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  const seconds = (micros % DAY) / 1e6;
  return `${two(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
}
