/**
 * A program of its own with two tasks. `undo PID START INODES`: closes an inspector that was opened in a process while the one who
 * opened it was killed; the guard becomes this program then. `relay HOST PORT`: carries bytes between a port and the standard
 * streams, in the network namespace it was started in.
 */
import { InspectorConnection } from '../effects/inspector/connection.ts';
import { openStream } from '../effects/inspector/transport.ts';
import { openWebSocket } from '../effects/inspector/websocket.ts';
import { relayStreams } from '../effects/inspector/relay.ts';
import { openLive } from '../evidence/index.ts';
import type { Evidence } from '../evidence/types.ts';
import { CLOSE_NOW } from './attach/session.ts';
import { findOpened, type Opened } from './attach/opened.ts';
import { countConnections } from './listeners.ts';
import { isDeno, mainThread, readGateFacts } from './gate/index.ts';

const APPEARS_MS = 6000;
const SEARCH_MS = 500;
const SEARCH_POLL_MS = 20;
const STUCK_POLL_MS = 100;
const ANSWER_MS = 5000;
const ENDS_MS = 3000;

export async function main(helper: { file: string; args: string[] }, [task, ...args]: readonly string[]): Promise<void> {
  if (task === 'relay') relayStreams(openStream({ host: args[0]!, port: Number(args[1]) }));
  if (task === 'undo') await undo(Number(args[0]), args[1]!, new Set((args[2] ?? '').split(',')), helper);
}

/** The port opens when the main thread comes out of the system call that it is in, were it an hour from now: that time does not count. */
async function findLater(evidence: Evidence, pid: number, known: ReadonlySet<string>, isSame: () => boolean, helper: { file: string; args: string[] }): Promise<Opened | undefined> {
  const signal = new AbortController().signal;
  const waitsForTurn = isDeno(evidence.readlink(`/proc/${pid}/exe`).value ?? '');
  let mark: string | undefined;
  for (let left = APPEARS_MS; left > 0 && isSame(); ) {
    const now = mainThread(evidence, pid);
    // Deno opens it when its loop turns, and not before.
    if ((now.call && now.mark === mark) || (waitsForTurn && !now.atEpoll)) {
      await evidence.sleep(STUCK_POLL_MS);
      continue;
    }
    ({ mark } = now);
    const started = performance.now();
    const { opened } = await findOpened(evidence, pid, { known, port: 0, until: started + SEARCH_MS, signal, helper, pollMs: SEARCH_POLL_MS });
    if (opened) return opened;
    // A thread that goes from call to call is none that waits: it would have opened it in between.
    left -= performance.now() - started;
  }
  return undefined;
}

async function undo(pid: number, startTime: string, known: ReadonlySet<string>, helper: { file: string; args: string[] }): Promise<void> {
  const evidence = openLive();
  const isSame = (): boolean => readGateFacts(evidence, pid)?.startTime === startTime;
  const opened = await findLater(evidence, pid, known, isSame, helper);
  // What the one who was killed had open ends in a moment. Whoever else uses it: then it is theirs.
  const isUsed = async (): Promise<boolean> => opened !== undefined && (await countConnections(evidence, pid, opened.listener.port)) > 0;
  for (const giveUp = performance.now() + ENDS_MS; (await isUsed()) && performance.now() < giveUp; ) await evidence.sleep(50);
  if (opened && isSame() && !(await isUsed())) {
    const connection = new InspectorConnection(await openWebSocket(opened.url, opened.endpoint, ANSWER_MS));
    await connection.call('Runtime.evaluate', { expression: CLOSE_NOW, includeCommandLineAPI: true }, ANSWER_MS).catch(() => undefined);
    connection.close();
  }
  evidence.close();
}
