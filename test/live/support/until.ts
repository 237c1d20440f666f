/** Waiting for a condition: what tests do instead of sleeping. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface UntilOptions {
  /** Default 10,000. */
  deadlineMs?: number;
  /** Named in the error when the deadline passes. */
  what?: string;
}

const PAUSE_MS = 10;

/**
 * Asks `condition` again and again until it answers with something true, and returns that answer.
 * Throws when the deadline passes; an error of the condition itself is thrown at once.
 */
export async function until<T>(condition: () => T | Promise<T>, options: UntilOptions = {}): Promise<NonNullable<T>> {
  const deadlineMs = options.deadlineMs ?? 10_000;
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const answer = await condition();
    if (answer) return answer;
    if (Date.now() > deadline) throw new Error(`waited ${deadlineMs} ms in vain for ${options.what ?? condition.toString()}`);
    await sleep(PAUSE_MS);
  }
}
