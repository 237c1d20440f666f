/** One line of a log, as far as it can be told without knowing any call. One object is used again for all lines. */

/** What a line is. Numbers, because it is asked of every line. */
export const KIND = {
  /** `name(args) = result` */
  call: 1,
  /** `name(args <unfinished ...>` */
  unfinished: 2,
  /** `<... name resumed>args) = result` */
  resumed: 3,
  /** `<... name resumed>args <unfinished ...>` */
  resumedUnfinished: 4,
  signal: 5,
  exited: 6,
  killed: 7,
  /** `+++ superseded by execve in pid N +++` */
  superseded: 8,
  /** A frame of -k. */
  stack: 9,
  /** A dump of -e read or -e write. */
  dump: 10,
  /** strace's own words. */
  message: 11,
  /** `strace: Process N attached` */
  attached: 12,
  /** The head of a call without its end: the line was cut, or another program wrote into it. */
  cut: 13,
  /** The table of -c or -C. */
  summary: 14,
  empty: 15,
  /** Nothing strace writes. */
  other: 16,
} as const;

export const RESULT = {
  /** Cut off, or `<detached ...>`. */
  none: 0,
  number: 1,
  /** `?`: the call did not return, or will be restarted. */
  unknown: 2,
} as const;

export interface Line {
  kind: number;
  /** 0: the line names none. */
  pid: number;
  /** µs since the epoch or, with -t and -tt, since midnight; NaN without. */
  time: number;
  /** µs since the line before (-r); NaN without. */
  relative: number;
  /** Where the text after all prefixes starts. */
  body: number;
  /** Id of the call in `Names`. */
  name: number;
  /** Text between the brackets, or what a half has of it. */
  argsFrom: number;
  argsTo: number;
  result: number;
  /** The number returned; NaN when there is none. */
  value: number;
  /** Text behind `= `, without the time of -T. */
  resultFrom: number;
  resultTo: number;
  /** Where `EBADF` and the like starts; 0 without. */
  errnoFrom: number;
  /** µs in the call (-T); NaN without. */
  duration: number;
}

export function newLine(): Line {
  return {
    kind: KIND.other, pid: 0, time: NaN, relative: NaN, body: 0, name: 0, argsFrom: 0, argsTo: 0,
    result: RESULT.none, value: NaN, resultFrom: 0, resultTo: 0, errnoFrom: 0, duration: NaN,
  };
}
