/** From a pid to a conversation with the Node in it: by our preload, by an inspector that is open, or by opening one. */
import { InspectorConnection } from '../../effects/inspector/connection.ts';
import { openUnixWire } from '../../effects/inspector/unix-wire.ts';
import { openWebSocket } from '../../effects/inspector/websocket.ts';
import type { Evidence } from '../../evidence/types.ts';
import { type GateFacts, readGateFacts, refusalOf } from '../gate/index.ts';
import { countFds, countThreads, type Descriptors, readDescriptors } from '../listeners.ts';
import { endpointOf } from './endpoint.ts';
import { findInspector, readInspectOptions } from './existing.ts';
import { registerSocketOf } from './preload.ts';
import { once, openBySignal } from './signalled.ts';
import type { Attachment, AttachOptions, NotAttached } from './types.ts';

export type { Attachment, AttachOptions, How, Left, NotAttached } from './types.ts';

const ANSWER_MS = 3000;
/** A loop that does not turn for so long is looked into otherwise. */
const HELLO_MS = 1500;

export async function attach(evidence: Evidence, pid: number, options: AttachOptions): Promise<Attachment | NotAttached> {
  const facts = readGateFacts(evidence, pid);
  const refusal = refusalOf(facts);
  // What no signal may reach may still have the preload, or an open inspector.
  const final = ['gone', 'zombie', 'other-user', 'stopped', 'reused'];
  if (!facts || (refusal && final.includes(refusal.code))) return { refusal: refusal ?? { code: 'gone', why: 'it has ended' }, ...(facts && { facts }) };
  const preload = options.port === undefined ? await byPreload(evidence, facts) : undefined;
  if (preload) return preload;
  const reading = readInspectOptions(evidence, pid);
  const before = await readDescriptors(evidence, pid);
  const inspect = await reading;
  const found = await findInspector(evidence, facts, before, options.port === undefined ? inspect : { port: options.port, open: true }, options.helper);
  if (found) {
    const connection = await byUrl(found.url, endpointOf(evidence, pid, found.listener, options.helper));
    if (connection instanceof Error) return { refusal: { code: 'silent', why: `the inspector on port ${found.listener.port} does not answer: ${connection.message}` }, facts };
    return { how: 'existing inspector', connection, facts, leave: leaverOf(evidence, facts, before, connection) };
  }
  if (options.port !== undefined) return { refusal: { code: 'wrong-answer', why: `no inspector answers on port ${options.port} of process ${pid}` }, facts };
  if (refusal) return { refusal, facts };
  if (!(await options.mayi())) return { refusal: { code: 'not-asked', why: 'SIGUSR1 was not permitted' }, facts };
  return await openBySignal(evidence, facts, before, inspect.port, options);
}

async function byPreload(evidence: Evidence, facts: GateFacts): Promise<Attachment | undefined> {
  const path = await registerSocketOf(evidence, facts);
  if (path === undefined) return undefined;
  const before = await readDescriptors(evidence, facts.pid);
  let connection: InspectorConnection | undefined;
  try {
    connection = new InspectorConnection(await openUnixWire(path, ANSWER_MS));
    await connection.call('Reloadctl.hello', {}, HELLO_MS);
    return { how: 'preload', connection, facts, leave: leaverOf(evidence, facts, before, connection) };
  } catch {
    // The kernel accepts for a loop that does not turn, which says nothing: only an inspector gets in there.
    connection?.close();
    return undefined;
  }
}

async function byUrl(url: string, endpoint: Parameters<typeof openWebSocket>[1]): Promise<InspectorConnection | Error> {
  try {
    return new InspectorConnection(await openWebSocket(url, endpoint, ANSWER_MS));
  } catch (error) {
    return error as Error;
  }
}

/** What we did not open we do not close: only the connection ends. */
function leaverOf(evidence: Evidence, { pid }: GateFacts, before: Descriptors, connection: InspectorConnection): Attachment['leave'] {
  const threadsBefore = countThreads(evidence, pid);
  const started = performance.now();
  return once(async () => {
    connection.close();
    let after = countFds(evidence, pid);
    for (const until = performance.now() + 500; (after ?? 0) > (before.count ?? 0) && performance.now() < until; after = countFds(evidence, pid)) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return {
      portClosed: null, fdsBefore: before.count, fdsAfter: after, threadsBefore, threadsAfter: countThreads(evidence, pid), openMs: Math.round(performance.now() - started),
    };
  });
}
