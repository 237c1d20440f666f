/** We in the target: others of us may come and go meanwhile, and should the guard be killed with us, the target itself closes what we opened. */
import { randomBytes } from 'node:crypto';
import { type InspectorConnection, InspectorError } from '../../effects/inspector/connection.ts';
import { closeUnlessUsed, enterSession, exitSession, giveUpSession, type SessionState } from '../probe/session.ts';
import { asNumber, asRecord } from '../read/decode.ts';
import { Realm, safely } from '../read/remote.ts';

export const TTL_MS = 15_000;
/** It answers within that, or does not. */
const ANSWER_MS = 3000;
const LEAVE_MS = 500;

export class Session {
  readonly #connection: InspectorConnection;
  readonly #id = `${process.pid}-${randomBytes(4).toString('hex')}`;
  readonly #owns: boolean;

  /** @param owns we opened the inspector */
  constructor(connection: InspectorConnection, owns: boolean) {
    this.#connection = connection;
    this.#owns = owns;
  }

  /** Comes in, or asks for so much more time, ms. Throws InspectorError where nobody answers; a target that refuses knows nothing of us. */
  async renew(ttlMs = TTL_MS): Promise<SessionState> {
    return await this.#ask(enterSession, { id: this.#id, ttlMs: Math.round(ttlMs), owns: this.#owns }, ANSWER_MS);
  }

  /** Of who is left. Never throws. */
  async exit(): Promise<SessionState> {
    return await this.#ask(exitSession, this.#id, LEAVE_MS).catch(() => ({ owned: this.#owns, others: 0 }));
  }

  /** @param soonMs so much later; 0: at once, in a loop that does not turn too */
  async close(soonMs: number, timeoutMs: number): Promise<void> {
    await new Realm(this.#connection, timeoutMs).value(textOf(closeUnlessUsed, { soonMs })).catch(() => undefined);
  }

  async giveUp(): Promise<void> {
    await new Realm(this.#connection, LEAVE_MS).value(textOf(giveUpSession, null)).catch(() => undefined);
  }

  async #ask(fn: (argument: never) => string, argument: unknown, timeoutMs: number): Promise<SessionState> {
    try {
      const text = await new Realm(this.#connection, timeoutMs).value(textOf(fn, argument));
      const { owned, others } = asRecord(typeof text === 'string' ? JSON.parse(text) : {});
      return { owned: owned === true || this.#owns, others: asNumber(others) ?? 0 };
    } catch (error) {
      if (error instanceof InspectorError && error.kind !== 'refused') throw error;
      return { owned: this.#owns, others: 0 };
    }
  }
}

function textOf(fn: (argument: never) => unknown, argument: unknown): string {
  return `(${String(fn)})(${JSON.stringify(argument)})`;
}

/** For whoever is no session of ours: the guard. */
export const CLOSE_NOW = safely(`((${String(giveUpSession)})(), (${String(closeUnlessUsed)})({ soonMs: 0 }))`);
