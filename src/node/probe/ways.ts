/** Runs inside the target, as the text of this function: see list.ts. */
export type Loose = Record<PropertyKey, unknown>;
export type Fn = (...args: unknown[]) => unknown;

/** Ways to look at what may be anything: nothing of the application is called but its getters, and nothing throws. */
export interface Ways {
  get(value: unknown, key: PropertyKey): unknown;
  text(value: unknown): string;
  number(value: unknown): number | undefined;
  /** A symbol of the runtime's own, by its description. */
  hidden(value: unknown, name: string): unknown;
  /** Names of the prototype chain. */
  chainOf(value: unknown): string;
  hears(value: unknown, event: string): boolean;
  fdOf(native: unknown): number | undefined;
  refOf(native: unknown): boolean | undefined;
  /** The id that the runtime gave it: one for each handle, never used again. */
  asyncIdOf(value: unknown, native: unknown): number | undefined;
}

export function waysOf(): Ways {
  const get = (value: unknown, key: PropertyKey): unknown => {
    try {
      return (value as Loose)[key];
    } catch {
      return undefined;
    }
  };
  const text = (value: unknown): string => (typeof value === 'string' ? value.slice(0, 300) : '');
  const number = (value: unknown): number | undefined => (typeof value === 'number' && Number.isFinite(value) ? value : undefined);
  const hidden = (value: unknown, name: string): unknown => {
    try {
      for (const symbol of Object.getOwnPropertySymbols(value)) if (symbol.description === name) return get(value, symbol);
    } catch {
      // A proxy.
    }
    return undefined;
  };
  /** Thousands of sockets have one prototype. */
  const chains = new Map<unknown, string>();
  const chainOf = (value: unknown): string => {
    const names: string[] = [];
    let first: unknown;
    try {
      first = Object.getPrototypeOf(value);
      const known = chains.get(first);
      if (known !== undefined) return known;
      for (let at = first; at !== null && names.length < 8; at = Object.getPrototypeOf(at)) {
        names.push(text(get(get(at, 'constructor'), 'name')).slice(0, 60) || '?');
      }
    } catch {
      // A proxy.
    }
    const chain = names.join(' ');
    if (first !== undefined) chains.set(first, chain);
    return chain;
  };
  const hears = (value: unknown, event: string): boolean => get(get(value, '_events'), event) !== undefined;
  const fdOf = (native: unknown): number | undefined => {
    const fd = number(get(native, 'fd'));
    return fd === undefined || fd < 0 ? undefined : fd;
  };
  const refOf = (native: unknown): boolean | undefined => {
    try {
      return (native as { hasRef(): boolean }).hasRef() === true;
    } catch {
      return undefined;
    }
  };
  const asyncIdOf = (value: unknown, native: unknown): number | undefined => {
    try {
      return (native as { getAsyncId(): number }).getAsyncId();
    } catch {
      return number(hidden(value, 'async_id_symbol'));
    }
  };
  return { get, text, number, hidden, chainOf, hears, fdOf, refOf, asyncIdOf };
}
