import { errnoOf } from './errno.ts';
import type { Answer, Errno, Evidence } from './types.ts';

/** Makes answers of what a question brings. */
export interface Answering {
  answer<T>(reply: { value?: T; errno?: Errno }, source: string): Answer<T>;
  /** What the question returns, or the errno of what it throws. */
  ask<T>(source: string, question: () => T): Answer<T>;
}

/** @param world whose clock it is */
export function answering(world: Pick<Evidence, 'now'>): Answering {
  const answer: Answering['answer'] = (reply, source) => ({ ...reply, at: world.now(), source });
  return {
    answer,
    ask: (source, question) => {
      try {
        return answer({ value: question() }, source);
      } catch (error) {
        return answer({ errno: errnoOf(error) }, source);
      }
    },
  };
}
