/** Runs functions of ours inside the target. */
import { randomBytes } from 'node:crypto';
import { type InspectorConnection, InspectorError } from '../../effects/inspector/connection.ts';

/** An object in the target, by its id in the conversation. */
export interface Remote {
  objectId: string;
}

/** A function that runs in the target, or its text: it may use nothing but its arguments. */
export type Runs = ((...args: never[]) => unknown) | string;

const GROUP = 'reloadctl';

interface RemoteValue {
  value?: unknown;
  objectId?: string;
  type?: string;
}

export class Realm {
  readonly connection: InspectorConnection;
  readonly #timeoutMs: number;
  /** Others of us may be in the same target. */
  readonly #key = `reloadctl.this.${randomBytes(6).toString('hex')}`;

  constructor(connection: InspectorConnection, timeoutMs: number) {
    this.connection = connection;
    this.#timeoutMs = timeoutMs;
  }

  /** The value of an expression, as data. Throws InspectorError. */
  async value(expression: string): Promise<unknown> {
    return (await this.#evaluate(expression, { returnByValue: true })).value;
  }

  /** What an expression leads to, kept in the target until release(). */
  async object(expression: string, objectGroup = GROUP): Promise<Remote | undefined> {
    const { objectId } = await this.#evaluate(expression, { objectGroup });
    return objectId === undefined ? undefined : { objectId };
  }

  /** Calls a function in the target with `this` and plain arguments. Throws InspectorError, also when it takes longer than `timeoutMs`. */
  async call(on: Remote, fn: Runs, ...args: unknown[]): Promise<Remote | undefined> {
    const { objectId } = await this.#apply(on, fn, args, { objectGroup: GROUP });
    return objectId === undefined ? undefined : { objectId };
  }

  /** The same, and what it returns as data. */
  async callValue(on: Remote, fn: Runs, ...args: unknown[]): Promise<unknown> {
    return (await this.#apply(on, fn, args, { returnByValue: true })).value;
  }

  /** The same in two steps: what this resolves to asks at once when it is called. */
  async ready(on: Remote): Promise<(fn: Runs, ...args: unknown[]) => Promise<unknown>> {
    await this.#layDown(on);
    return async (fn, ...args) => (await this.#pickUp(fn, args, { returnByValue: true })).value;
  }

  /** Own properties, and internal ones (`[[Scopes]]`), by name. */
  async properties(on: Remote): Promise<Map<string, RemoteValue & { description?: string }>> {
    const answer = await this.connection.call('Runtime.getProperties', { objectId: on.objectId, ownProperties: true }, this.#timeoutMs);
    const found = new Map<string, RemoteValue & { description?: string }>();
    for (const list of [answer.result, answer.internalProperties]) {
      if (!Array.isArray(list)) continue;
      for (const { name, value } of list as { name?: unknown; value?: RemoteValue }[]) if (typeof name === 'string' && value) found.set(name, value);
    }
    return found;
  }

  async release(objectGroup = GROUP): Promise<void> {
    await this.connection.call('Runtime.releaseObjectGroup', { objectGroup }, this.#timeoutMs).catch(() => undefined);
  }

  /**
   * V8 ends an evaluation that takes too long, by a thread of its own; the call of a function it does not end, so that what shall be
   * `this` is laid down first, which runs nothing of the application.
   */
  async #apply(on: Remote, fn: Runs, args: readonly unknown[], options: object): Promise<RemoteValue> {
    await this.#layDown(on);
    return await this.#pickUp(fn, args, options);
  }

  async #layDown(on: Remote): Promise<void> {
    const put = { objectId: on.objectId, functionDeclaration: String(putDown), arguments: [{ value: this.#key }], silent: true };
    const { value } = resultOf(await this.connection.call('Runtime.callFunctionOn', put, this.#timeoutMs));
    if (value === false) throw new InspectorError('refused', 'its global object is frozen');
  }

  async #pickUp(fn: Runs, args: readonly unknown[], options: object): Promise<RemoteValue> {
    return await this.#evaluate(`(${String(fn)}).call((${String(pickUp)})('${this.#key}'), ...${JSON.stringify(args)})`, options);
  }

  async #evaluate(expression: string, options: object): Promise<RemoteValue> {
    const params = { expression: safely(expression), includeCommandLineAPI: true, silent: true, timeout: longestRun(this.#timeoutMs), ...options };
    return resultOf(await this.connection.call('Runtime.evaluate', params, this.#timeoutMs));
  }
}

/** ms that an evaluation may run, where its answer is waited for so long: it must be over when nobody waits any more. */
export function longestRun(timeoutMs: number): number {
  return Math.round((timeoutMs * 2) / 3);
}

const THREW = 'reloadctl.threw';

/**
 * An expression that throws nothing: V8 writes out the stack of what was thrown by the formatter of the application, which no
 * `timeout` ends.
 */
export function safely(expression: string): string {
  return `(() => { try { return (${expression}\n); } catch { return '${THREW}'; } })()`;
}

/** Both run inside the target, as their own text. */
function putDown(this: object, name: string): boolean {
  try {
    Object.defineProperty(globalThis, name, { value: this, configurable: true, enumerable: false });
    return true;
  } catch {
    // Frozen by the application.
    return false;
  }
}

function pickUp(name: string): unknown {
  const world = globalThis as unknown as Record<string, unknown>;
  const found = world[name];
  delete world[name];
  return found;
}

function resultOf(answer: Record<string, unknown>): RemoteValue {
  const { exceptionDetails } = answer as { exceptionDetails?: { text?: unknown; exception?: { description?: unknown } } };
  if (exceptionDetails) throw new InspectorError('refused', String(exceptionDetails.exception?.description ?? exceptionDetails.text ?? 'it threw').slice(0, 500));
  const result = (answer.result ?? {}) as RemoteValue;
  if (result.value === THREW) throw new InspectorError('refused', 'it threw');
  return result;
}

export function remoteOf(value: RemoteValue | undefined): Remote | undefined {
  return typeof value?.objectId === 'string' ? { objectId: value.objectId } : undefined;
}
