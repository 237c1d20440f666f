/** Promises that tests made and that never settled. Only where somebody asks: each promise costs a stack. */
import { createHook } from 'node:async_hooks';
import { capture, listening, type Made } from '../made.ts';

interface Pending {
  made: Made;
  /** The promise it was derived from. */
  trigger: number;
  /** Gone once nobody can reach it any more. */
  promise: WeakRef<object>;
}

const MOST = 50_000;
const pending = new Map<number, Pending>();
/** Those who lose a race may wait for ever. */
const RACES = /^at (?:async )?(?:Function|Promise)\.(?:race|any)\b/;
const BUILT_IN = /\(<anonymous>\)$|^at new Promise\b/;
/** Those who called us. */
const HOOKS = /\(node:internal\/async_hooks:/;
const OWN = /(?:\(|at (?:async )?)(?:file:\/\/)?\/[^()]+:\d+:\d+\)?$/;

export function watchPromises(): void {
  const init = (id: number, type: string, trigger: number, resource: object): void => {
    if (type !== 'PROMISE' || pending.size >= MOST) return;
    const test = listening.test?.();
    if (!test || test.isLoading) return;
    pending.set(id, { made: capture(init as never), trigger, promise: new WeakRef(resource) });
  };
  createHook({ init, promiseResolve: (id) => void pending.delete(id), destroy: (id) => void pending.delete(id) }).enable();
}

/** Made by a line of the user's own, and not only within a call of a library or of Node that it made. */
export function pendingPromises(): Made[] {
  const frames = new Map([...pending].filter(([, { promise }]) => promise.deref() !== undefined).map(([id, { made }]) => [id, framesOf(made)]));
  const losers = new Set<number>();
  for (const [id, stack] of frames) {
    if (!stack.slice(0, 3).some((frame) => RACES.test(frame))) continue;
    losers.add(id);
    losers.add(pending.get(id)!.trigger);
  }
  return [...frames].flatMap(([id, stack]) => {
    const { made, trigger } = pending.get(id)!;
    const first = stack.find((frame) => !BUILT_IN.test(frame));
    // What was derived from one that is told already says nothing more.
    return losers.has(id) || frames.has(trigger) || first === undefined || !OWN.test(first) ? [] : [made];
  });
}

function framesOf({ holder }: Made): string[] {
  const { stack } = holder;
  const lines = typeof stack === 'string' ? stack.split('\n').map((line) => line.trim()) : [];
  return lines.filter((line) => line.startsWith('at ') && !HOOKS.test(line));
}
