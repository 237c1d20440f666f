import { parseDuration } from '../../kernel/duration.ts';
import { UserError } from '../../kernel/user-error.ts';
import { duration } from '../../report/words.ts';

/** How long a watch is, and the time between two samples. */
export interface WatchOptions {
  windowMs: number;
  intervalMs: number;
}

const SHORTEST_INTERVAL_MS = 50;
const USUAL_INTERVAL_MS = 1000;
/** Each look at them is one of the target, too. */
const LONGEST_QUEUES_MS = 5000;
/** A short window is cut finer, so that it has enough samples to judge. */
const USUAL_SAMPLES = 20;

/** --watch and --interval; undefined without --watch. Throws UserError for times that cannot work. */
export function parseWatch(watch: unknown, interval: unknown): WatchOptions | undefined {
  if (typeof watch !== 'string') {
    if (interval !== undefined) throw new UserError('--interval needs --watch', { hints: ['reloadctl fds <target> --watch 30s --interval 1s'] });
    return undefined;
  }
  const windowMs = parseDuration('--watch', watch);
  const usual = Math.max(SHORTEST_INTERVAL_MS, Math.min(USUAL_INTERVAL_MS, windowMs / USUAL_SAMPLES));
  const intervalMs = typeof interval === 'string' ? parseDuration('--interval', interval) : usual;
  if (intervalMs > windowMs) throw new UserError(`--interval ${String(interval)} is longer than --watch ${watch}`);
  if (intervalMs < SHORTEST_INTERVAL_MS) throw new UserError(`--interval ${String(interval)} is too short: at least ${SHORTEST_INTERVAL_MS}ms, or the watch becomes the load`);
  return { windowMs, intervalMs };
}

/** So long, in ms, queues (of inotify, of listeners) are looked at beside a watch: whether they are read, and full now and then. */
export function queuesMsOf({ windowMs }: Pick<WatchOptions, 'windowMs'>): number {
  return Math.min(windowMs, LONGEST_QUEUES_MS);
}

/**
 * The watch that a tape holds; undefined when it is one look.
 * @param asked what the user wants, if anything
 * @throws UserError when that is not what the tape holds
 */
export function watchOnTape(asked: WatchOptions | undefined, recorded: WatchOptions | undefined): WatchOptions | undefined {
  if (asked && !recorded) throw new UserError('this tape is one look: --watch needs a tape of a watch', { hints: ['reloadctl record <target> --watch 30s -o FILE'] });
  if (asked && recorded && asked.windowMs !== recorded.windowMs) {
    throw new UserError(`this tape is a watch of ${duration(recorded.windowMs)}: leave --watch and --interval out`);
  }
  return recorded;
}
