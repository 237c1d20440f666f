/** Opens the inspector of a process by SIGUSR1, and takes that back. */
import { InspectorConnection } from '../../effects/inspector/connection.ts';
import { canEnter } from '../../effects/inspector/transport.ts';
import { openWebSocket } from '../../effects/inspector/websocket.ts';
import { sendSignal } from '../../effects/signal.ts';
import { openUndo, type Undo } from '../../effects/undo.ts';
import type { Evidence } from '../../evidence/types.ts';
import { type GateFacts, isDeno, mainThread, readGateFacts, refusalOf, turns, untilUninterrupted } from '../gate/index.ts';
import { countFds, countThreads, type Descriptors, hasClosed, isOpen, type Listener } from '../listeners.ts';
import { callText } from '../call-text.ts';
import { holderOf } from './holder.ts';
import { endpointOf } from './endpoint.ts';
import { leaveOpened } from './leave.ts';
import { findOpened } from './opened.ts';
import { Session } from './session.ts';
import { strangersAt } from './strangers.ts';
import type { Attachment, AttachOptions, Known, Left, NotAttached } from './types.ts';

/** How long an inspector takes at most to listen; 30 ms on a quiet machine. */
const LISTEN_MS = 5000;
const ANSWER_MS = 3000;

/** A signal that came too early for one that was being closed has opened nothing by then. */
const RACE_MS = 700;

/** A port that opens right after we were interrupted is closed by ourselves. */
const INTERRUPTED_MS = 1500;
const NEVER = new AbortController().signal;

export interface BeforeSignal {
  before: Descriptors;
  /** Where the inspector will listen. */
  port: number;
  /** Its preload accepted us and said nothing. */
  preloaded: boolean;
}

export async function openBySignal(evidence: Evidence, facts: GateFacts, { before, port, preloaded }: BeforeSignal, options: AttachOptions): Promise<Attachment | NotAttached> {
  const { pid } = facts;
  const [foreign] = before.ports.get(port) ?? [];
  if (foreign !== undefined && !before.listeners.some((listener) => listener.port === port)) {
    const why = `port ${port} is taken by ${holderOf(evidence, foreign)}: Node opens its inspector there`;
    return { refusal: { code: 'port-taken', why, fix: 'end that one, or start the target with --inspect-port=0 or --import reloadctl/register' }, facts };
  }
  const unreachable = await whyUnreachable(evidence, pid, options);
  if (unreachable) return { refusal: unreachable, facts };
  const threadsBefore = countThreads(evidence, pid);
  const known = before.listeners.map(({ inode }) => inode);
  const { file, args } = options.helper;
  let undo: Undo;
  try {
    undo = await openUndo(file, [...args, 'undo', String(pid), facts.startTime, known.join(',')]);
  } catch (error) {
    return { refusal: { code: 'no-guard', why: `no guard could be started that closes the inspector should we be killed (${(error as Error).message}): nothing was done` }, facts };
  }
  if (isDeno(facts.exe ?? '') && !(await turns(evidence, pid, options.signal))) {
    undo.done();
    return { refusal: { code: 'blocked', why: `the main thread of process ${pid} runs without a pause: Deno would open its inspector only when its loop turns again`, fix: 'start it with --inspect=127.0.0.1:0' }, facts };
  }
  const call = await untilUninterrupted(evidence, pid, options.signal);
  if (call) {
    undo.done();
    return { refusal: { code: 'blocked', why: `the main thread of process ${pid} ${callText(call)}, again and again: a signal would interrupt it`, fix: 'try again later' }, facts };
  }
  const openedAt = performance.now();
  const objection = sendSignal(pid, 'SIGUSR1', () => refusalOf(readGateFacts(evidence, pid), facts)?.why);
  if (objection !== undefined) {
    undo.done();
    const now = refusalOf(readGateFacts(evidence, pid), facts);
    return { refusal: now ?? { code: 'silent', why: `SIGUSR1 could not be sent to ${pid}: ${objection}` }, facts };
  }
  const until = Math.min(performance.now() + LISTEN_MS, options.deadline);
  const search = { numbers: new Set(before.links.links.numbers.slice(0, before.links.links.size)), known: new Set(known), port, helper: options.helper };
  let { opened, seen } = await findOpened(evidence, pid, { ...search, until: Math.min(until, performance.now() + RACE_MS), signal: options.signal });
  // What was open when we looked, and is not: our signal came while it was being closed, and opened nothing.
  const raced = !opened && !seen && hasClosed(evidence, pid, before);
  if (!opened && !raced) ({ opened, seen } = await findOpened(evidence, pid, { ...search, until, signal: options.signal }));
  if (!opened && options.signal.aborted) ({ opened, seen } = await findOpened(evidence, pid, { ...search, until: performance.now() + INTERRUPTED_MS, signal: NEVER }));
  if (!opened) {
    // Should it come later after all, the guard closes it: it stays for as long as a system call holds the main thread.
    undo.takeBack();
    const counts = { fdsBefore: before.count, fdsAfter: countFds(evidence, pid), threadsBefore, threadsAfter: countThreads(evidence, pid), openMs: Math.round(performance.now() - openedAt) };
    const nothing = nothingListens(evidence, facts, { counts, seen, preloaded, interrupted: options.signal.aborted });
    return raced ? { ...nothing, refusal: { code: 'silent', why: `the inspector of process ${pid} was closed by somebody else` }, raced } : nothing;
  }
  const { listener, endpoint, url } = opened;
  let connection: InspectorConnection | undefined;
  let session: Session | undefined;
  const leave = once((known) => leaveOpened(evidence, { pid, listener, before, threadsBefore, openedAt, undo }, connection && session && { connection, session }, known));
  try {
    connection = new InspectorConnection(await openWebSocket(url, endpoint, ANSWER_MS));
    session = new Session(connection, true);
    await session.renew();
    if (options.signal.aborted) return { refusal: { code: 'interrupted', why: 'interrupted before it was asked' }, facts, left: await leave() };
    return { how: 'signal', connection, facts, before: before.links, session, strangers: strangersAt(evidence, pid, listener, session), leave };
  } catch (error) {
    const raced = !isOpen(evidence, pid, listener);
    return { refusal: { code: 'silent', why: (error as Error).message }, facts, left: await leave(), ...(raced && { raced }) };
  }
}

interface Silence {
  counts: Omit<Left, 'portClosed' | 'note'>;
  seen: Listener | undefined;
  preloaded: boolean;
  interrupted: boolean;
}

/** What is known of a process that opened nothing, and no more than that. */
function nothingListens(evidence: Evidence, facts: GateFacts, { counts, seen, preloaded, interrupted }: Silence): NotAttached {
  const { pid } = facts;
  if (readGateFacts(evidence, pid)?.startTime !== facts.startTime) return { refusal: { code: 'gone', why: `process ${pid} ended while it was signalled` }, facts };
  const waiting = (note: string): Left => ({ ...counts, portClosed: false, note });
  if (seen) {
    return { refusal: { code: 'silent', why: `port ${seen.port} opened, and no inspector answers there` }, facts, left: waiting('a guard closes it should it answer within 6 s') };
  }
  const { call, lock } = mainThread(evidence, pid);
  if (call) {
    const why = `the main thread of process ${pid} ${callText(call)}: until that is over it answers nobody, and its inspector opens only then`;
    return { refusal: { code: 'blocked', why }, facts, left: waiting('not opened yet; a guard waits until it is, and closes it') };
  }
  if (interrupted) return { refusal: { code: 'interrupted', why: 'interrupted before the inspector opened' }, facts, left: waiting('not opened yet; a guard closes it should it open within 6 s') };
  if (lock) {
    const why = `no inspector opened in ${LISTEN_MS / 1000} s: the main thread of process ${pid} waits for another thread (futex)`;
    return { refusal: { code: 'silent', why }, facts, left: waiting('not opened yet; a guard closes it should it open within 6 s') };
  }
  const why = `no inspector opened in ${LISTEN_MS / 1000} s, though the main thread was free to: most likely the application handles SIGUSR1 itself, and its handler has been called`;
  return { refusal: { code: 'own-handler', why, ...(!preloaded && { fix: 'start it with node --import reloadctl/register' }) }, facts, left: { ...counts, portClosed: true } };
}

/** What is opened must be closed again: a port that we cannot reach is not opened. */
async function whyUnreachable(evidence: Evidence, pid: number, { helper }: AttachOptions): Promise<NotAttached['refusal'] | undefined> {
  // Addresses of interfaces that are up, net/ipv4/fib_trie.c.
  const addresses = evidence.read(`/proc/${pid}/net/fib_trie`).value;
  if (addresses !== undefined && !addresses.includes('127.0.0.1')) {
    const why = `the loopback interface of the network namespace of process ${pid} is down: its inspector could not be reached`;
    return { code: 'unreachable', why, fix: `nsenter -t ${pid} -n ip link set lo up` };
  }
  if (endpointOf(evidence, pid, { host: '127.0.0.1', port: 0 }, helper).relay && !(await canEnter(pid))) {
    const why = `process ${pid} is in another network namespace, which may not be entered: nsenter is absent, or needs CAP_SYS_ADMIN`;
    return { code: 'unreachable', why, fix: 'run it as root, or inside the container' };
  }
  return undefined;
}

export function once<T>(action: (known: Known) => Promise<T>): (known?: Known) => Promise<T> {
  let result: Promise<T> | undefined;
  return (known = {}) => (result ??= action(known));
}
