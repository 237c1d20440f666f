import type { Dump } from '../../kernel/goroutines.ts';
import { decodeText } from '../../kernel/text.ts';

/** One stack a line, outermost first, `;` between, the state last, then the count (flamegraph.pl, speedscope, inferno). */
export function* folded({ groups }: Dump): Generator<string> {
  for (const { frames, creator, state, count, system } of groups) {
    // Those of the runtime are no part of its own profiles either.
    if (system) continue;
    const names = frames.map(({ func }) => clean(func)).reverse();
    if (creator) names.unshift(`created by ${clean(creator.func)}`);
    yield `${[...names, `[${state}]`].join(';')} ${count}\n`;
  }
}

/** Nothing in a name may end it, or a line. */
function clean(func: string): string {
  return decodeText(func).text.replace(/[;\s\p{Cc}\p{Cf}]/gu, '_');
}
