import { siteRule } from './from-judgement.ts';

/** Waits that nothing can end: the runtime prints that the channel is nil, or that a select has no cases. */
export const nilChannel = siteRule('goroutine/nil-channel', ({ site }) => [
  site.state === 'select (no cases)'
    ? { text: `let ${site.place} wait for a context instead of an empty select`, risk: 'restart' }
    : { text: `make the channel before ${site.place} uses it; Done() of context.Background() is nil, too`, risk: 'restart' },
]);
