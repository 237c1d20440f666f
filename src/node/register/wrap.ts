/** Replaces a function by one that notes who calls it, and is like it in everything else. */
import { capture, type Made } from './made.ts';

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

/**
 * `after` gets what was made of the call, with the stack of the caller. The function keeps its name, its length and what hangs on it
 * (util.promisify.custom). What it throws is thrown on.
 */
export function wrap(holder: object, name: string, after: (made: Made, result: unknown, self: unknown, args: unknown[]) => void): AnyFunction | undefined {
  const original = (holder as Record<string, unknown>)[name] as AnyFunction | undefined;
  if (typeof original !== 'function') return undefined;
  const wrapped = function (this: unknown, ...args: unknown[]): unknown {
    const made = capture(wrapped as never);
    const result = Reflect.apply(original, this, args);
    after(made, result, this, args);
    return result;
  };
  return replace(holder, name, original, wrapped);
}

/** The same, told before the call. */
export function wrapBefore(holder: object, name: string, before: (made: Made, self: unknown, args: unknown[]) => void): AnyFunction | undefined {
  const original = (holder as Record<string, unknown>)[name] as AnyFunction | undefined;
  if (typeof original !== 'function') return undefined;
  const wrapped = function (this: unknown, ...args: unknown[]): unknown {
    before(capture(wrapped as never), this, args);
    return Reflect.apply(original, this, args);
  };
  return replace(holder, name, original, wrapped);
}

function replace(holder: object, name: string, original: AnyFunction, wrapped: AnyFunction): AnyFunction | undefined {
  try {
    for (const key of Reflect.ownKeys(original)) {
      const descriptor = Object.getOwnPropertyDescriptor(original, key);
      if (descriptor && key !== 'prototype') Object.defineProperty(wrapped, key, descriptor);
    }
    const { enumerable = true } = Object.getOwnPropertyDescriptor(holder, name) ?? {};
    Object.defineProperty(holder, name, { value: wrapped, enumerable, writable: true, configurable: true });
    return original;
  } catch {
    return undefined;
  }
}
