import { visible } from '../render/index.ts';

/** A line on stderr that is written over; nothing where stderr is no terminal. */
export function progressLine(quiet: boolean): (text: string) => void {
  if (quiet || !process.stderr.isTTY || process.env.TERM === 'dumb') return () => undefined;
  return (text) => void process.stderr.write(`\r\x1b[K${visible(text).slice(0, (process.stderr.columns ?? 80) - 1)}`);
}
