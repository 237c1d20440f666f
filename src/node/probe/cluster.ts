/** Runs inside the target, as the text of this function: see list.ts. */
import type { RawFrame, RawHandle } from './raw.ts';

type Loose = Record<PropertyKey, unknown>;
type Fn = (...args: unknown[]) => unknown;

/**
 * `this` is `handles` of lib/internal/cluster/child.js, which holds stand-ins for listeners of the primary, or of primary.js, which
 * holds those. A server with a stand-in is no handle of its loop, and one whose listener was taken over has lost it.
 */
export function listClustered(this: Map<string, Loose>): { json: string; functions: Fn[] } {
  const functions: Fn[] = [];
  const handles: RawHandle[] = [];
  const register = (globalThis as unknown as Loose)[Symbol.for('reloadctl.register')] as { of(value: object): { stack: RawFrame[]; age: number } | undefined } | undefined;
  for (const shared of this.values()) {
    if (handles.length >= 1000) break;
    try {
      const taken = shared.handle as { fd?: unknown; getAsyncId(): number } | null | undefined;
      if (typeof taken === 'object' && taken !== null) {
        const workers = (shared.all as { size?: unknown } | undefined)?.size;
        handles.push({ c: 'Server', id: taken.getAsyncId(), shared: 'primary', ...(typeof taken.fd === 'number' && taken.fd >= 0 && { fd: taken.fd }), ...(typeof workers === 'number' && { conns: workers }) });
        continue;
      }
      const owner = Object.getOwnPropertySymbols(shared).find(({ description }) => description === 'owner_symbol');
      const server = owner && (shared[owner] as Loose | undefined);
      // What is no stand-in is in the list of the runtime.
      if (!server || typeof shared.getAsyncId === 'function') continue;
      const name: { address?: unknown; port?: unknown } = {};
      if (typeof shared.getsockname === 'function') shared.getsockname(name);
      const [, path] = /^-1:(.*):-1$/s.exec(String(server._connectionKey)) ?? [];
      const handle: RawHandle = { c: 'Server EventEmitter', n: path === undefined ? 'TCP' : 'Pipe', shared: 'worker', listening: true };
      if (path !== undefined) handle.path = path.slice(0, 300);
      else if (typeof name.address === 'string' && typeof name.port === 'number') handle.at = `${name.address.includes(':') ? `[${name.address.slice(0, 60)}]` : name.address.slice(0, 60)}:${name.port}`;
      if (typeof server._connections === 'number') handle.conns = server._connections;
      const events = server._events as Loose | undefined;
      const heard = events?.request ?? events?.stream ?? events?.secureConnection ?? events?.connection;
      const fn: unknown = Array.isArray(heard) ? heard.at(-1) : heard;
      if (typeof fn === 'function') handle.fn = [functions.push(fn as Fn) - 1];
      const made = register?.of(server);
      if (made) {
        handle.stack = made.stack;
        handle.age = made.age;
      }
      handles.push(handle);
    } catch {
      // Not as we know it.
    }
  }
  return { json: JSON.stringify({ handles }), functions };
}
