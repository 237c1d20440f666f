import { UserError } from './user-error.ts';

const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 };

/** `30s`, `500ms`, `5m`, `1h` to ms. Throws UserError for anything else, and for zero. */
export function parseDuration(option: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?)([a-z]*)$/.exec(text);
  const unit = units[match?.[2] ?? ''];
  if (!match || unit === undefined) {
    const near = match && match[2] === '' ? `, did you mean ${text}s?` : '';
    throw new UserError(`${option}: ${text} is not a time (use 30s, 500ms, 5m or 1h)${near}`);
  }
  const ms = Number(match[1]) * unit;
  if (ms <= 0) throw new UserError(`${option}: ${text} is no time at all`);
  return ms;
}
