/** The inspector that a signal opened: among what the process listens at now and did not before, the one that answers as one. */
import { discover } from '../../effects/inspector/discover.ts';
import type { Endpoint } from '../../effects/inspector/transport.ts';
import type { Evidence } from '../../evidence/types.ts';
import { type Listener, readDescriptors } from '../listeners.ts';
import { endpointOf, type Helper } from './endpoint.ts';

export interface Opened {
  listener: Listener;
  endpoint: Endpoint;
  url: string;
}

export interface Search {
  /** Inodes of what it listened at before. */
  known: ReadonlySet<string>;
  /** Where it is expected; 0: anywhere. */
  port: number;
  /** performance.now() to give up at. */
  until: number;
  signal: AbortSignal;
  helper: Helper;
}

const POLL_MS = 4;
const ANSWER_MS = 3000;
/** The application may open a server of its own just then: it is asked no more than so often. */
const MOST_TRIES = 3;

/** Undefined when none came; `seen` is what listens there all the same and gave no answer. */
export async function findOpened(evidence: Evidence, pid: number, { known, port, until, signal, helper }: Search): Promise<{ opened?: Opened; seen?: Listener }> {
  const tries = new Map<string, number>();
  let seen: Listener | undefined;
  while (performance.now() < until && !signal.aborted) {
    const { listeners } = await readDescriptors(evidence, pid);
    const fresh = listeners.filter(({ inode }) => !known.has(inode) && (tries.get(inode) ?? 0) < MOST_TRIES);
    for (const listener of fresh.sort((a, b) => Number(b.port === port) - Number(a.port === port))) {
      seen = listener;
      tries.set(listener.inode, (tries.get(listener.inode) ?? 0) + 1);
      const endpoint = endpointOf(evidence, pid, listener, helper);
      const target = await discover(endpoint, ANSWER_MS);
      if (target) return { opened: { listener, endpoint, url: target.webSocketDebuggerUrl } };
    }
    if (evidence.read(`/proc/${pid}/stat`).value === undefined) break;
    await evidence.sleep(POLL_MS);
  }
  return seen ? { seen } : {};
}
