import type { Remedy } from '../../report/index.ts';
import type { Judgement } from '../cases.ts';
import { knownWait } from '../known-waits.ts';
import { siteRule } from './from-judgement.ts';

/** Goroutines that wait for what nobody will do. */
export const leak = siteRule('goroutine/leak', remediesOf);

function remediesOf({ site }: Judgement): Remedy[] {
  const { state, place } = site;
  const known = knownWait(site)?.remedy;
  if (known !== undefined) return [{ text: known, risk: 'restart' }];
  if (state.startsWith('chan send')) {
    return [{ text: `give the channel of ${place} room for one value, or send in a select with ctx.Done(): whoever should receive has given up`, risk: 'restart' }];
  }
  if (state.startsWith('chan receive')) return [{ text: `close the channel when the last value was sent, or receive in a select with ctx.Done() in ${place}`, risk: 'restart' }];
  if (state === 'select') return [{ text: `give ${place} the context of its request instead of one that never ends, and call its cancel`, risk: 'restart' }];
  return [{ text: `let ${place} end with its context`, risk: 'restart' }];
}
