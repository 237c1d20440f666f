/** Closes an inspector that we opened, and looks whether all is as it was. */
import type { InspectorConnection } from '../../effects/inspector/connection.ts';
import type { Undo } from '../../effects/undo.ts';
import type { Evidence } from '../../evidence/types.ts';
import type { GateFacts } from '../gate/index.ts';
import { countFds, countThreads, type Descriptors, isOpen, type Listener, readDescriptors } from '../listeners.ts';
import type { Left } from './types.ts';

const CLOSE_MS = 4000;
const SETTLE_MS = 1000;
const POLL_MS = 5;

const FORGET = `const timer = Symbol.for('reloadctl.attached'); clearTimeout(globalThis[timer]); delete globalThis[timer];
const inspector = process.getBuiltinModule ? process.getBuiltinModule('node:inspector') : require('node:inspector');`;
/** Runs in the target. At once, not with the next turn of the loop: the loop may not turn. It stands still until we have hung up, too. */
export const CLOSE = `(() => { ${FORGET} inspector.close(); })()`;
/** The same for a loop that turns: we hang up first, and closing takes it no time. */
const CLOSE_SOON = `(() => { ${FORGET} setTimeout(() => inspector.close(), 5); })()`;
/** So long that may take. */
const SOON_MS = 500;

export interface Opened {
  facts: GateFacts;
  listener: Listener;
  before: Descriptors;
  threadsBefore: number | null;
  openedAt: number;
  undo: Undo;
}

/** @param turning the loop is known to turn */
export async function leaveOpened(evidence: Evidence, opened: Opened, connection: InspectorConnection | undefined, turning: boolean): Promise<Left> {
  const { facts: { pid }, listener, before, threadsBefore, openedAt, undo } = opened;
  let note: string | undefined;
  const now = await readDescriptors(evidence, pid);
  if (connection && (now.established.get(listener.port) ?? 0) > 1) {
    // Nor may the timer in the target close it on them.
    await connection.call('Runtime.evaluate', { expression: `(() => { ${FORGET} })()`, includeCommandLineAPI: true }, SOON_MS).catch(() => undefined);
    connection.close();
    undo.done();
    note = `somebody else is connected to the inspector on port ${listener.port}: it was left open for them`;
  } else {
    if (connection?.isOpen && turning) {
      await connection.call('Runtime.evaluate', { expression: CLOSE_SOON, includeCommandLineAPI: true }, SOON_MS).catch(() => undefined);
    } else if (connection?.isOpen) {
      // It answers by hanging up.
      void connection.call('Runtime.evaluate', { expression: CLOSE, includeCommandLineAPI: true }, CLOSE_MS).catch(() => undefined);
      await within(connection.ended, CLOSE_MS);
    }
    connection?.close();
  }
  const open = (): boolean => isOpen(evidence, pid, listener);
  // Without a conversation of ours, or where it did not help, the guard holds one.
  if (note === undefined && (await lasts(open, turning ? SOON_MS : 0))) undo.takeBack();
  const until = performance.now() + (open() ? CLOSE_MS : SETTLE_MS);
  const unsettled = (): boolean => open() || (countFds(evidence, pid) ?? 0) > (before.count ?? 0) || (countThreads(evidence, pid) ?? 0) > (threadsBefore ?? 0);
  while (note === undefined && unsettled() && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  const portClosed = !open();
  // Of one that was left to others, too: done() came first there.
  if (portClosed) undo.done();
  else undo.takeBack();
  if (!portClosed) note ??= `the inspector on port ${listener.port} did not close in time; the guard goes on trying`;
  return {
    portClosed,
    fdsBefore: before.count,
    fdsAfter: countFds(evidence, pid),
    threadsBefore,
    threadsAfter: countThreads(evidence, pid),
    openMs: Math.round(performance.now() - openedAt),
    ...(note !== undefined && { note }),
  };
}

/** Waits for a promise, but no longer than `ms`; the timer does not outlive it. */
async function within(promise: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([promise, new Promise((resolve) => (timer = setTimeout(resolve, ms)))]);
  clearTimeout(timer);
}

/** Is it still so after `ms`? */
async function lasts(condition: () => boolean, ms: number): Promise<boolean> {
  const until = performance.now() + ms;
  while (condition()) {
    if (performance.now() >= until) return true;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return false;
}
