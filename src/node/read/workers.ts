/** The worker threads of a process, each asked as the main thread is: through the domain NodeWorker. */
import { InspectorConnection } from '../../effects/inspector/connection.ts';
import type { CoverageLog } from '../../kernel/coverage.ts';
import { type ThreadList, readThread } from './index.ts';
import { Realm } from './remote.ts';

const MOST_WORKERS = 64;
/** A worker that is silent for so long is left out, ms; and what all of them may take. */
const SILENCE_MS = 1000;
const ALL_MS = 3000;
/** Each answer waits for our acknowledgement of the one before (Nagle, 40 ms): those of several workers wait together. */
const AT_ONCE = 16;

interface Session {
  id: string;
  thread: number;
  name: string;
  deliver(text: string): void;
}

export async function readWorkers(connection: InspectorConnection, timeoutMs: number, coverage: CoverageLog): Promise<ThreadList[]> {
  const sessions = new Map<string, Session>();
  connection.on('NodeWorker.attachedToWorker', ({ sessionId, workerInfo }) => {
    const info = (workerInfo ?? {}) as { workerId?: unknown; title?: unknown; url?: unknown };
    const id = String(sessionId);
    const title = String(info.title ?? '').slice(0, 200);
    sessions.set(id, { id, thread: Number(info.workerId) || sessions.size + 1, name: title || String(info.url ?? '').slice(0, 300), deliver: () => undefined });
  });
  connection.on('NodeWorker.receivedMessageFromWorker', ({ sessionId, message }) => sessions.get(String(sessionId))?.deliver(String(message)));
  const enabled = await connection.call('NodeWorker.enable', { waitForDebuggerOnStart: false }, timeoutMs).catch(() => undefined);
  // Those that are there were told before the answer. A worker thread has no such domain itself.
  if (!enabled) return [];
  const found: ThreadList[] = [];
  const silent: number[] = [];
  const all = [...sessions.values()];
  const until = performance.now() + ALL_MS;
  const waiting = all.slice(0, MOST_WORKERS);
  const next = async (): Promise<void> => {
    for (let session = waiting.shift(); session && connection.isOpen && performance.now() < until; session = waiting.shift()) {
      const silence = Math.min(timeoutMs, SILENCE_MS);
      try {
        found.push(await readThread(new Realm(innerOf(connection, session, timeoutMs), silence), silence, coverage, session));
      } catch {
        silent.push(session.thread);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
  found.sort((a, b) => a.thread - b.thread);
  if (found.length < all.length) {
    const which = silent.length === 0 ? '' : `; no answer from ${silent.length === 1 ? 'worker' : 'workers'} ${silent.slice(0, 5).join(', ')}`;
    coverage.note({ source: 'workers', status: 'partial', seen: found.length, total: all.length, detail: `${found.length} of ${all.length} workers were listed${which}`, needed: false });
  }
  await connection.call('NodeWorker.disable', {}, timeoutMs).catch(() => undefined);
  return found;
}

/** What is said to a worker goes through the main thread. */
function innerOf(connection: InspectorConnection, session: Session, timeoutMs: number): InspectorConnection {
  return new InspectorConnection({
    send: (message) => void connection.call('NodeWorker.sendMessageToWorker', { sessionId: session.id, message }, timeoutMs).catch(() => undefined),
    onMessage: (listener) => {
      session.deliver = listener;
    },
    onEnd: (listener) => void connection.ended.then(() => listener('the connection was closed')),
    close: () => undefined,
  });
}
