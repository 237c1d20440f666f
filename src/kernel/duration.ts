import { UserError } from './user-error.ts';

const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 };

/** What a timer can wait: it counts milliseconds in 31 bits, and fires at once when it is asked for more. */
const MOST_MS = 2 ** 31 - 1;

/** `30s`, `500ms`, `5m`, `1h`, `2d` to ms. Throws UserError for anything else, for zero, and for more than a timer can wait (24.8 days). */
export function parseDuration(option: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?)([a-z]*)$/.exec(text);
  const unit = units[match?.[2] ?? ''];
  if (match && /^(us|ns)$/.test(match[2]!)) throw new UserError(`${option}: ${text} is too short (at least 1ms)`);
  if (match && Number(match[1]) === 0) throw new UserError(`${option}: ${text} is no time at all`);
  if (!match || unit === undefined) {
    const near = match && match[2] === '' && Number(match[1]) > 0 ? `, did you mean ${text}s?` : '';
    throw new UserError(`${option}: ${text} is not a time (use 30s, 500ms, 5m or 1h)${near}`);
  }
  const ms = Number(match[1]) * unit;
  if (ms > MOST_MS) throw new UserError(`${option}: ${text} is too long (at most 24d)`);
  return ms;
}
