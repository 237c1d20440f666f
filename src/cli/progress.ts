import { visible } from '../render/index.ts';
import { tell } from './tell.ts';

/** A line on stderr that is written over; nothing where stderr is no terminal. */
export function progressLine(quiet: boolean): (text: string) => void {
  // Asked with the first text: most runs have none, and need no stream.
  let isShown: boolean | undefined;
  return (text) => {
    isShown ??= !quiet && process.stderr.isTTY && process.env.TERM !== 'dumb';
    if (isShown) tell(`\r\x1b[K${visible(text).slice(0, (process.stderr.columns ?? 80) - 1)}`);
  };
}
