/** Opens the inspector of a process by SIGUSR1, and takes that back. */
import { InspectorConnection } from '../../effects/inspector/connection.ts';
import { canEnter } from '../../effects/inspector/transport.ts';
import { openWebSocket } from '../../effects/inspector/websocket.ts';
import { sendSignal } from '../../effects/signal.ts';
import { openUndo, type Undo } from '../../effects/undo.ts';
import type { Evidence } from '../../evidence/types.ts';
import { type GateFacts, readGateFacts, refusalOf } from '../gate/index.ts';
import { countThreads, type Descriptors, type Listener } from '../listeners.ts';
import { holderOf } from './holder.ts';
import { endpointOf } from './endpoint.ts';
import { leaveOpened } from './leave.ts';
import { findOpened } from './opened.ts';
import type { Attachment, AttachOptions, Left, NotAttached } from './types.ts';

/** How long an inspector takes at most to listen; 30 ms on a quiet machine. */
const LISTEN_MS = 5000;
const ANSWER_MS = 3000;

export async function openBySignal(evidence: Evidence, facts: GateFacts, before: Descriptors, port: number, options: AttachOptions): Promise<Attachment | NotAttached> {
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
  const openedAt = performance.now();
  const objection = sendSignal(pid, 'SIGUSR1', () => refusalOf(readGateFacts(evidence, pid), facts)?.why);
  if (objection !== undefined) {
    undo.done();
    const now = refusalOf(readGateFacts(evidence, pid), facts);
    return { refusal: now ?? { code: 'silent', why: `SIGUSR1 could not be sent to ${pid}: ${objection}` }, facts };
  }
  const until = Math.min(performance.now() + LISTEN_MS, options.deadline);
  const { opened, seen } = await findOpened(evidence, pid, { numbers: before.numbers, known: new Set(known), port, until, signal: options.signal, helper: options.helper });
  if (!opened) {
    // Should it come later after all, the guard closes it.
    undo.takeBack();
    return nothingListens(evidence, facts, before, threadsBefore, openedAt, seen);
  }
  const { listener, endpoint, url } = opened;
  const leave = once((turning = false) => leaveOpened(evidence, { facts, listener, before, threadsBefore, openedAt, undo }, connection, turning));
  let connection: InspectorConnection | undefined;
  try {
    connection = new InspectorConnection(await openWebSocket(url, endpoint, ANSWER_MS));
    return { how: 'signal', connection, facts, leave };
  } catch (error) {
    return { refusal: { code: 'silent', why: (error as Error).message }, facts, left: await leave() };
  }
}

function nothingListens(evidence: Evidence, facts: GateFacts, before: Descriptors, threadsBefore: number | null, openedAt: number, seen: Listener | undefined): NotAttached {
  const left: Left = {
    portClosed: true, fdsBefore: before.count, fdsAfter: before.count, threadsBefore, threadsAfter: countThreads(evidence, facts.pid), openMs: Math.round(performance.now() - openedAt),
  };
  const gone = readGateFacts(evidence, facts.pid)?.startTime !== facts.startTime;
  if (gone) return { refusal: { code: 'gone', why: `process ${facts.pid} ended while it was signalled` }, facts };
  if (seen) {
    const silent = `port ${seen.port} opened, and no inspector answers there; a guard closes it when it does`;
    return { refusal: { code: 'silent', why: silent }, facts, left: { ...left, portClosed: false } };
  }
  const why = 'no inspector opened: the application handles SIGUSR1 itself, and its handler has been called';
  return { refusal: { code: 'own-handler', why, fix: 'start it with node --import reloadctl/register' }, facts, left };
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

export function once<T>(action: (turning?: boolean) => Promise<T>): (turning?: boolean) => Promise<T> {
  let result: Promise<T> | undefined;
  return (turning) => (result ??= action(turning));
}
