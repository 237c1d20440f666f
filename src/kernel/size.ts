import { UserError } from './user-error.ts';

const UNITS: Record<string, number> = { '': 1, B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, kB: 1e3, KB: 1e3, MB: 1e6, GB: 1e9 };

/** `64MiB`, `500kB`, `1048576` to bytes. Throws UserError for anything else, and for nothing. */
export function parseSize(option: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/.exec(text);
  const unit = Object.hasOwn(UNITS, match?.[2] ?? '') ? UNITS[match?.[2] ?? ''] : undefined;
  const size = match && unit !== undefined ? Math.floor(Number(match[1]) * unit) : undefined;
  if (size === undefined || !Number.isSafeInteger(size)) throw new UserError(`${option}: ${text} is not a size (use 50MiB, 500kB or 1GiB)`);
  if (size === 0) throw new UserError(`${option}: ${text} has room for nothing`);
  return size;
}
