/** Closes an inspector that one of us opened, and looks whether all is as it was. */
import type { InspectorConnection } from '../../effects/inspector/connection.ts';
import type { Undo } from '../../effects/undo.ts';
import type { Evidence } from '../../evidence/types.ts';
import { countConnections, countFds, countThreads, type Descriptors, isOpen, type Listener } from '../listeners.ts';
import type { Session } from './session.ts';
import type { Known, Left } from './types.ts';

const CLOSE_MS = 4000;
const SETTLE_MS = 1000;
const POLL_MS = 5;
/** Closing takes a loop that turns no time: we have hung up by then. */
const SOON_MS = 5;
/** So long a loop that turns may take for it. */
const TURNING_MS = 500;
/** Whoever asks for the name of the inspector, or goes like us, is connected for a moment. */
const STRANGER_MS = 500;
/** One of us who is still in is most often about to go. */
const OTHERS_MS = 2000;

export interface Opened {
  pid: number;
  listener: Listener;
  before: Pick<Descriptors, 'count'>;
  threadsBefore: number | null;
  openedAt: number;
  /** Of the one who sent the signal. */
  undo?: Undo;
}

export interface Conversation {
  connection: InspectorConnection;
  session: Session;
}

export async function leaveOpened(evidence: Evidence, opened: Opened, conversation: Conversation | undefined, { turning = false, seen }: Known): Promise<Left> {
  const { pid, listener, before, threadsBefore, openedAt, undo } = opened;
  const open = (): boolean => isOpen(evidence, pid, listener);
  const whose = conversation?.connection.isOpen ? await whoseIsIt(evidence, opened, conversation, seen) : 'ours';
  if (whose === 'ours') {
    if (conversation?.connection.isOpen) await close(conversation, turning);
  } else if (whose === 'a stranger') await conversation?.session.giveUp();
  conversation?.connection.close();
  // Who is in now closes it, or wants it open.
  if (whose !== 'ours') undo?.done();
  // Without a conversation of ours, or where it did not help, the guard holds one.
  else if (await lasts(open, turning ? TURNING_MS : 0)) undo?.takeBack();
  const until = performance.now() + (whose === 'ours' ? (open() ? CLOSE_MS : SETTLE_MS) : whose === 'another of us' ? OTHERS_MS : 0);
  const unsettled = (): boolean => open() || (countFds(evidence, pid) ?? 0) > (before.count ?? 0) || (countThreads(evidence, pid) ?? 0) > (threadsBefore ?? 0);
  while (unsettled() && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  const portClosed = !open();
  if (portClosed) undo?.done();
  else undo?.takeBack();
  const note = portClosed ? undefined : noteOf(whose, listener.port);
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

type Whose = 'ours' | 'another of us' | 'a stranger';

/** Who is the last of us is told in the target, in one breath: of two that go at once only one is. */
async function whoseIsIt(evidence: Evidence, { pid, listener }: Opened, { session }: Conversation, seen: Known['seen']): Promise<Whose> {
  if ((await session.exit()).others > 0) return 'another of us';
  // Whoever has come since has a descriptor there.
  if (seen && countFds(evidence, pid) === seen.open && seen.connectionsAt(listener.port) <= 1) return 'ours';
  for (const until = performance.now() + STRANGER_MS; ; ) {
    if ((await countConnections(evidence, pid, listener.port)) <= 1) return 'ours';
    if ((await session.exit()).others > 0) return 'another of us';
    if (performance.now() > until) return 'a stranger';
    await new Promise((resolve) => setTimeout(resolve, POLL_MS * 4));
  }
}

async function close({ connection, session }: Conversation, turning: boolean): Promise<void> {
  if (turning) return await session.close(SOON_MS, TURNING_MS);
  // It answers by hanging up.
  void session.close(0, CLOSE_MS);
  await within(connection.ended, CLOSE_MS);
}

function noteOf(whose: Whose, port: number): string {
  if (whose === 'another of us') return `another reloadctl is connected to the inspector on port ${port}: the last one closes it`;
  if (whose === 'a stranger') return `somebody else is connected to the inspector on port ${port}: it was left open for them`;
  return `the inspector on port ${port} did not close in time; the guard goes on trying`;
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
