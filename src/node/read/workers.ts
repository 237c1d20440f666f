/** The worker threads of a process, each asked as the main thread is: through the domain NodeWorker. */
import { InspectorConnection } from '../../effects/inspector/connection.ts';
import type { CoverageLog } from '../../kernel/coverage.ts';
import { type ThreadList, readThread } from './index.ts';
import { Realm } from './remote.ts';

const MOST_WORKERS = 64;

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
  const all = [...sessions.values()].slice(0, MOST_WORKERS);
  for (const session of all) {
    const inner = new InspectorConnection({
      send: (message) => void connection.call('NodeWorker.sendMessageToWorker', { sessionId: session.id, message }, timeoutMs).catch(() => undefined),
      onMessage: (listener) => {
        session.deliver = listener;
      },
      onEnd: () => undefined,
      close: () => undefined,
    });
    try {
      found.push(await readThread(new Realm(inner, timeoutMs), timeoutMs, coverage, session));
    } catch (error) {
      coverage.note({ source: 'workers', status: 'timeout', seen: found.length, total: all.length, detail: `worker ${session.thread}: ${(error as Error).message}`, needed: false });
    }
  }
  await connection.call('NodeWorker.disable', {}, timeoutMs).catch(() => undefined);
  return found;
}
