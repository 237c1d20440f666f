import { parseDuration } from '../../kernel/duration.ts';
import { UserError } from '../../kernel/user-error.ts';

export interface WatchOptions {
  windowMs: number;
  intervalMs: number;
}

const SHORTEST_INTERVAL_MS = 50;
const USUAL_INTERVAL_MS = 1000;
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
