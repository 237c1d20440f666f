/** Calls and events of the Chrome DevTools Protocol over one wire. */
import type { Wire } from './wire.ts';

/** What a call came to nothing by: the other side said so, or was silent. */
export class InspectorError extends Error {
  readonly kind: 'refused' | 'silent' | 'closed';

  constructor(kind: InspectorError['kind'], message: string) {
    super(message);
    this.name = 'InspectorError';
    this.kind = kind;
  }
}

type Listener = (params: Record<string, unknown>) => void;

interface Pending {
  resolve(result: Record<string, unknown>): void;
  reject(error: Error): void;
  timer: NodeJS.Timeout;
}

/** A call that changes nothing, and whose answer nobody waits for. */
const NOTHING = { method: 'Runtime.releaseObjectGroup', params: { objectGroup: 'reloadctl.none' } };

export class InspectorConnection {
  readonly #wire: Wire;
  readonly #pending = new Map<number, Pending>();
  readonly #listeners = new Map<string, Listener[]>();
  #lastId = 0;
  /** Something was said since something was heard. */
  #hasSpoken = false;
  #isAboutTo = false;
  #ended: string | undefined;
  readonly #end: Promise<void>;

  constructor(wire: Wire) {
    this.#wire = wire;
    wire.onMessage((text) => this.#receive(text));
    this.#end = new Promise((resolve) => {
      wire.onEnd((why) => {
        this.#ended = why;
        for (const [id, { reject, timer }] of this.#pending) {
          clearTimeout(timer);
          this.#pending.delete(id);
          reject(new InspectorError('closed', why));
        }
        resolve();
      });
    });
  }

  get isOpen(): boolean {
    return this.#ended === undefined;
  }

  /** Resolves when nothing more will come. */
  get ended(): Promise<void> {
    return this.#end;
  }

  /** Rejects with InspectorError: refused by the other side, no answer in `timeoutMs`, or the connection is gone. */
  call(method: string, params: object, timeoutMs: number): Promise<Record<string, unknown>> {
    if (this.#ended !== undefined) return Promise.reject(new InspectorError('closed', this.#ended));
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        reject(new InspectorError('silent', `${method}: no answer in ${timeoutMs} ms`));
      }, timeoutMs);
      this.#pending.set(id, { resolve, reject, timer });
      this.#send({ id, method, params });
    });
  }

  /** Returns what ends the listening. */
  on(event: string, listener: Listener): () => void {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
    return () => void this.#listeners.set(event, (this.#listeners.get(event) ?? []).filter((one) => one !== listener));
  }

  close(): void {
    this.#wire.close();
  }

  #send(message: { id: number; method: string; params: object }): void {
    this.#hasSpoken = true;
    this.#wire.send(JSON.stringify(message));
  }

  /** More is to come, and may be held back until we say something: whoever was told may be about to. */
  #acknowledge(): void {
    this.#hasSpoken = false;
    if (this.#isAboutTo) return;
    this.#isAboutTo = true;
    setImmediate(() => {
      this.#isAboutTo = false;
      if (this.#hasSpoken || this.#pending.size === 0 || !this.isOpen) return;
      if (this.#wire.acknowledge?.() === false) this.#send({ id: ++this.#lastId, ...NOTHING });
    });
  }

  #receive(text: string): void {
    const message = parseMessage(text);
    if (!message) return;
    const { id, method, params, result, error } = message;
    const pending = typeof id === 'number' ? this.#pending.get(id) : undefined;
    if (typeof id === 'number') this.#pending.delete(id);
    if (this.#wire.acknowledge && this.#pending.size > 0) this.#acknowledge();
    if (typeof id !== 'number') {
      if (typeof method === 'string') for (const listener of this.#listeners.get(method) ?? []) listener(asRecord(params));
      return;
    }
    if (!pending) return;
    clearTimeout(pending.timer);
    if (error === undefined) pending.resolve(asRecord(result));
    else pending.reject(new InspectorError('refused', String(asRecord(error).message ?? 'refused').slice(0, 300)));
  }
}

function parseMessage(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
