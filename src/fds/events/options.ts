/** --per-event, --mark and the options that belong to them. */
import { parseDuration } from '../../kernel/duration.ts';
import { UserError } from '../../kernel/user-error.ts';

export interface EventOptions {
  /** Run by /bin/sh -c; absent: each Enter on stdin is one event. */
  command?: string;
  /** How many; Infinity for marks, which end with the input. */
  times: number;
  /** How long the table may take to come to rest after an event. */
  settleMs: number;
  /** How long one run of the command may take. */
  timeoutMs: number;
}

const USUAL_TIMES = 10;
const MOST_TIMES = 100_000;
const dependent = ['times', 'settle', 'eventTimeout'] as const;
const flags: Record<(typeof dependent)[number], string> = { times: '--times', settle: '--settle', eventTimeout: '--event-timeout' };
/** Looks of other kinds. */
const rivals: Record<string, string> = { watch: '--watch', top: '--top', from: '--from', threads: '--threads' };

/** Undefined without --per-event and --mark. Throws UserError (exit 2) for what cannot work. */
export function parseEvents(options: Record<string, unknown>): EventOptions | undefined {
  const { perEvent, mark } = options;
  if (typeof perEvent !== 'string' && !mark) {
    const lost = dependent.find((name) => options[name] !== undefined);
    if (lost) throw new UserError(`${flags[lost]} needs --per-event or --mark`, { hints: ["reloadctl fds <target> --per-event 'kill -HUP PID' --times 20"] });
    return undefined;
  }
  if (typeof perEvent === 'string' && mark) throw new UserError('--per-event and --mark exclude each other: either we make the events, or you do');
  if (mark && options.eventTimeout !== undefined) throw new UserError('--event-timeout is for --per-event: nobody but you ends a --mark');
  const own = mark ? '--mark' : '--per-event';
  const rival = Object.keys(rivals).find((name) => options[name] !== undefined && options[name] !== false);
  if (rival) throw new UserError(`${own} and ${rivals[rival]} exclude each other`);
  if (typeof perEvent === 'string' && perEvent.trim() === '') throw new UserError('--per-event: the command is empty');
  return {
    ...(typeof perEvent === 'string' && { command: perEvent }),
    times: options.times === undefined ? (mark ? Infinity : USUAL_TIMES) : parseTimes(String(options.times)),
    settleMs: parseDuration('--settle', String(options.settle ?? '2s')),
    timeoutMs: parseDuration('--event-timeout', String(options.eventTimeout ?? '30s')),
  };
}

function parseTimes(text: string): number {
  const times = /^\d+$/.test(text) ? Number(text) : 0;
  if (times < 1 || times > MOST_TIMES) throw new UserError(`--times: ${text} is not a number of events (1 to ${MOST_TIMES})`);
  return times;
}
