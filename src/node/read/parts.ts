/** Lists that the target makes part by part, so that its loop turns in between. */
import { InspectorError } from '../../effects/inspector/connection.ts';
import { asNumber, asRecord } from './decode.ts';
import type { Realm, Remote, Runs } from './remote.ts';

/** What the target may spend on all of them, ms: 50,000 handles take half a second where nobody makes them slow. */
const MOST_MS = 2000;

/**
 * Asks with `this` for part after part until none is left; what came is taken while the target makes the next.
 * @param meanwhile done while it makes the first
 */
export async function listParts(realm: Realm, on: Remote, [fn, ...args]: [Runs, ...unknown[]], take: (part: unknown) => void, meanwhile?: () => Promise<void>): Promise<void> {
  const ask = async (): Promise<Promise<unknown>[]> => {
    const put = await realm.ready(on);
    const asked = put(fn, ...args).then(parseAnswer);
    asked.catch(() => undefined);
    // In a list, or it would be waited for.
    return [asked];
  };
  let next = await ask();
  await meanwhile?.();
  let tookMs = 0;
  for (let before = Number.POSITIVE_INFINITY; next.length > 0; ) {
    const part = await next[0];
    const left = asNumber(asRecord(part).left) ?? 0;
    tookMs += asNumber(asRecord(part).tookMs) ?? 0;
    next = left > 0 && left < before && tookMs <= MOST_MS ? await ask() : [];
    before = left;
    take(part);
  }
}

/** What a target hands out as JSON may be none: it can replace the function that makes it. */
export function parseAnswer(text: unknown): unknown {
  try {
    return typeof text === 'string' ? JSON.parse(text) : undefined;
  } catch {
    throw new InspectorError('refused', 'its answer is no JSON');
  }
}
