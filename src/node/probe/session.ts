/** Runs inside the target, as the text of these functions: see list.ts. Who of us is connected, so that the last one closes what one of us opened. */

interface Present {
  /** One of us opened the inspector. */
  owned: boolean;
  /** By id; the timer ends a session of which nothing is heard any more. */
  sessions: Map<string, NodeJS.Timeout | undefined>;
  close(): void;
}

export interface SessionState {
  owned: boolean;
  /** Of us, without the one that asks. */
  others: number;
}

/** Returns the JSON of a SessionState. A second call gives more time. The timer closes what is ours when nobody of us is left. */
export function enterSession({ id, ttlMs, owns }: { id: string; ttlMs: number; owns: boolean }): string {
  const key = Symbol.for('reloadctl.attached');
  const world = globalThis as unknown as Record<symbol, Present | undefined>;
  let present = world[key];
  if (!present) {
    const load = (globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }).process?.getBuiltinModule ?? ((globalThis as unknown as { require: (name: string) => unknown }).require || require);
    const inspector = load('node:inspector') as { close(): void };
    present = { owned: false, sessions: new Map(), close: () => inspector.close() };
    Object.defineProperty(world, key, { value: present, configurable: true, writable: true, enumerable: false });
  }
  const { sessions } = present;
  if (owns) present.owned = true;
  let timer: NodeJS.Timeout | undefined;
  try {
    clearTimeout(sessions.get(id));
    timer = setTimeout(() => {
      sessions.delete(id);
      if (sessions.size > 0) return;
      const { owned, close } = present;
      delete world[key];
      if (owned) close();
    }, ttlMs);
    timer.unref();
    Object.defineProperty(timer, Symbol('reloadctl.own'), { value: true });
  } catch {
    // Without timers there is the guard alone.
  }
  sessions.set(id, timer);
  return JSON.stringify({ owned: present.owned, others: sessions.size - 1 });
}

/** Returns the JSON of a SessionState. Who owns it stays known until it is closed, or left to others. */
export function exitSession(id: string): string {
  const present = (globalThis as unknown as Record<symbol, Present | undefined>)[Symbol.for('reloadctl.attached')];
  if (!present) return '{}';
  const { sessions } = present;
  if (sessions.has(id)) clearTimeout(sessions.get(id));
  sessions.delete(id);
  if (!present.owned && sessions.size === 0) delete (globalThis as unknown as Record<symbol, unknown>)[Symbol.for('reloadctl.attached')];
  return JSON.stringify({ owned: present.owned, others: sessions.size });
}

/** Closes the inspector unless one of us has come meanwhile. */
export function closeUnlessUsed({ soonMs }: { soonMs: number }): void {
  const key = Symbol.for('reloadctl.attached');
  const world = globalThis as unknown as Record<symbol, Present | undefined>;
  const load = (globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }).process?.getBuiltinModule ?? ((globalThis as unknown as { require: (name: string) => unknown }).require || require);
  const inspector = load('node:inspector') as { close(): void };
  const close = (): void => {
    if ((world[key]?.sessions.size ?? 0) > 0) return;
    delete world[key];
    inspector.close();
  };
  // At once where the loop may not turn; else we hang up first, and closing takes it no time.
  if (soonMs === 0) close();
  else setTimeout(close, soonMs);
}

/** It is somebody else's from now on: nothing of ours may close it. */
export function giveUpSession(): void {
  delete (globalThis as unknown as Record<symbol, unknown>)[Symbol.for('reloadctl.attached')];
}
