/** From a pid to a conversation with the Node in it: by our preload, by an inspector that is open, or by opening one. */
import { InspectorConnection } from '../../effects/inspector/connection.ts';
import { openUnixWire } from '../../effects/inspector/unix-wire.ts';
import { openWebSocket } from '../../effects/inspector/websocket.ts';
import type { Evidence } from '../../evidence/types.ts';
import { duration } from '../../report/words.ts';
import { type GateFacts, readGateFacts, refusalOf, stuckCall } from '../gate/index.ts';
import { callText } from '../call-text.ts';
import { countFds, countThreads, type Descriptors, hasClosed, isOpen, type Listener, readDescriptors } from '../listeners.ts';
import { endpointOf } from './endpoint.ts';
import { findInspector } from './existing.ts';
import { type InspectOptions, readInspectOptions } from './inspect-options.ts';
import { leaveOpened } from './leave.ts';
import { registerSocketOf } from './preload.ts';
import { Session } from './session.ts';
import { once, openBySignal } from './signalled.ts';
import { strangersAt } from './strangers.ts';
import type { Attachment, AttachOptions, Known, Left, NotAttached } from './types.ts';

export type { Attachment, AttachOptions, How, Left, NotAttached } from './types.ts';

const ANSWER_MS = 3000;
/** A loop that does not turn for so long is looked into otherwise. */
const HELLO_MS = 1500;
const AT_ONCE_MS = 100;

export async function attach(evidence: Evidence, pid: number, options: AttachOptions): Promise<Attachment | NotAttached> {
  const facts = readGateFacts(evidence, pid);
  const refusal = refusalOf(facts);
  // What no signal may reach may still have the preload, or an open inspector.
  const final = ['gone', 'zombie', 'other-user', 'stopped', 'reused'];
  if (!facts || (refusal && final.includes(refusal.code))) return { refusal: refusal ?? { code: 'gone', why: 'it has ended' }, ...(facts && { facts }) };
  // What is no Node may sit in a call as it likes.
  const isNode = !refusal || ['deaf', 'no-handler', 'too-young'].includes(refusal.code);
  const call = isNode ? await stuckCall(evidence, pid, options.signal) : undefined;
  if (call) return { refusal: stuckRefusal(pid, call), facts, stuck: call };
  const preload = options.port === undefined ? await byPreload(evidence, facts) : undefined;
  if (preload && preload !== 'silent') return preload;
  const existing = await byExisting(evidence, facts, options);
  if ('how' in existing || 'refusal' in existing) return existing;
  if (options.port !== undefined) return { refusal: { code: 'wrong-answer', why: `no inspector answers on port ${options.port} of process ${pid}` }, facts };
  if (refusal) return { refusal: refusal.code === 'deaf' && existing.permission ? { ...refusal, ...permitted(facts, existing.permission) } : refusal, facts };
  if (existing.hidden) return { refusal: { code: 'hidden', why: `process ${pid} was started with --inspect-publish-uid, without http: its inspector could be opened, and nobody could close it`, fix: PRELOAD }, facts };
  const asked = performance.now();
  if (!(await options.mayi())) return { refusal: { code: 'not-asked', why: 'SIGUSR1 was not permitted' }, facts };
  // Whoever is asked takes their time, and the program goes on meanwhile.
  const before = performance.now() - asked < AT_ONCE_MS ? existing.before : await readDescriptors(evidence, pid);
  return await openBySignal(evidence, facts, { ...existing, before, preloaded: preload === 'silent' }, options);
}

function stuckRefusal(pid: number, call: NonNullable<NotAttached['stuck']>): NotAttached['refusal'] {
  const why = `the main thread of process ${pid} ${callText(call)}, for ${duration(call.forMs)} already: until that is over it answers nobody, and a signal would open its inspector only then`;
  return { code: 'blocked', why, fix: 'try again when the call is over' };
}

/** What a process under the permission model needs for being asked. */
function permitted({ pid, uid }: GateFacts, { preloaded }: { preloaded: boolean }): { why: string; fix: string } {
  const needs = `--allow-fs-write of $XDG_RUNTIME_DIR/reloadctl, or of /tmp/reloadctl-${uid}, for its socket; and --allow-inspector, where this Node has it, for timers, workers and callbacks`;
  if (preloaded) return { why: `process ${pid} is under the permission model (--permission), and its preload could open no socket there`, fix: `start it with ${needs}` };
  return { why: `process ${pid} is under the permission model (--permission): it does not listen to SIGUSR1`, fix: `start it with --import reloadctl/register, ${needs}` };
}

const PRELOAD = 'start it with node --import reloadctl/register: then no signal is needed';

async function byPreload(evidence: Evidence, facts: GateFacts): Promise<Attachment | 'silent' | undefined> {
  const path = await registerSocketOf(evidence, facts);
  if (path === undefined) return undefined;
  const before = await readDescriptors(evidence, facts.pid);
  let connection: InspectorConnection | undefined;
  try {
    connection = new InspectorConnection(await openUnixWire(path, ANSWER_MS));
    await connection.call('Reloadctl.hello', {}, HELLO_MS);
    return { how: 'preload', connection, facts, before: before.links, strangers: () => Promise.resolve(0), leave: leaverOf(evidence, facts, before, connection) };
  } catch {
    // The kernel accepts for a loop that does not turn, which says nothing: only an inspector gets in there.
    connection?.close();
    return 'silent';
  }
}

interface None {
  before: Descriptors;
  port: number;
  hidden: boolean;
  permission: InspectOptions['permission'];
}

/** Asks an inspector that is open; tells what is known for opening one where none is. */
async function byExisting(evidence: Evidence, facts: GateFacts, options: AttachOptions): Promise<Attachment | NotAttached | None> {
  const { pid } = facts;
  let failed: { port: number; why: string; raced?: true } | undefined;
  // Another of us may close it in this moment: then there is none.
  for (let tries = 0; tries < 2; tries++) {
    const reading = readInspectOptions(evidence, pid);
    const before = await readDescriptors(evidence, pid);
    const inspect = await reading;
    const found = await findInspector(evidence, facts, before, options.port === undefined ? inspect : { port: options.port, open: true, hidden: false }, options.helper);
    if (!found && hasClosed(evidence, pid, before) && tries === 0) continue;
    if (!found) return { before, port: inspect.port, hidden: inspect.hidden, permission: inspect.permission };
    let connection: InspectorConnection | undefined;
    try {
      connection = new InspectorConnection(await openWebSocket(found.url, endpointOf(evidence, pid, found.listener, options.helper), ANSWER_MS));
      const session = new Session(connection, false);
      await session.renew();
      const strangers = strangersAt(evidence, facts.pid, found.listener, session);
      return { how: 'existing inspector', connection, facts, before: before.links, session, strangers, leave: leaverOf(evidence, facts, before, connection, { session, listener: found.listener }) };
    } catch (error) {
      connection?.close();
      failed = { port: found.listener.port, why: (error as Error).message, ...(!isOpen(evidence, pid, found.listener) && { raced: true }) };
    }
  }
  return { refusal: { code: 'silent', why: `the inspector on port ${failed?.port} does not answer: ${failed?.why}` }, facts, ...(failed?.raced && { raced: true }) };
}

/** What none of us opened we do not close: only the connection ends. */
function leaverOf(evidence: Evidence, { pid }: GateFacts, before: Descriptors, connection: InspectorConnection, at?: { session: Session; listener: Listener }): Attachment['leave'] {
  const threadsBefore = countThreads(evidence, pid);
  const openedAt = performance.now();
  return once(async (known: Known): Promise<Left> => {
    const state = at && connection.isOpen ? await at.session.exit() : undefined;
    if (at && state?.owned && state.others === 0) {
      return await leaveOpened(evidence, { pid, listener: at.listener, before, threadsBefore, openedAt }, { connection, session: at.session }, known);
    }
    connection.close();
    let after = countFds(evidence, pid);
    for (const until = performance.now() + 500; (after ?? 0) > (before.count ?? 0) && performance.now() < until; after = countFds(evidence, pid)) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return {
      portClosed: null, fdsBefore: before.count, fdsAfter: after, threadsBefore, threadsAfter: countThreads(evidence, pid), openMs: Math.round(performance.now() - openedAt),
    };
  });
}
