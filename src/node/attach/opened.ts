/** The inspector that a signal opened: among what the process listens at now and did not before, the one that answers as one. */
import { discover } from '../../effects/inspector/discover.ts';
import type { Endpoint } from '../../effects/inspector/transport.ts';
import type { Evidence } from '../../evidence/types.ts';
import { type Listener, listenersOf, newSockets, readDescriptors } from '../listeners.ts';
import { endpointOf, type Helper } from './endpoint.ts';

export interface Opened {
  listener: Listener;
  endpoint: Endpoint;
  url: string;
}

export interface Search {
  /** Inodes of what it listened at before. */
  known: ReadonlySet<string>;
  /** Numbers that were in use then; with them, all sockets are asked for only where there is a new one, and now and then. */
  numbers?: ReadonlySet<number>;
  /** Where it is expected; 0: anywhere. */
  port: number;
  /** performance.now() to give up at. */
  until: number;
  signal: AbortSignal;
  helper: Helper;
  pollMs?: number;
}

const POLL_MS = 4;
/** Cheap ones between two that look at everything. */
const POLLS_BETWEEN = 25;
/** The application may open a server of its own just then: it is asked no more than so often, and each time waited for a little longer, ms. */
const ANSWER_MS = [500, 1500, 3000];

/** Undefined when none came; `seen` is what listens there all the same and gave no answer. */
export async function findOpened(evidence: Evidence, pid: number, { known, numbers, port, until, signal, helper, pollMs = POLL_MS }: Search): Promise<{ opened?: Opened; seen?: Listener }> {
  const tries = new Map<string, number>();
  let seen: Listener | undefined;
  const ask = async (listener: Listener): Promise<Opened | undefined> => {
    const tried = tries.get(listener.inode) ?? 0;
    tries.set(listener.inode, tried + 1);
    const endpoint = endpointOf(evidence, pid, listener, helper);
    const target = await discover(endpoint, ANSWER_MS[tried]!);
    return target && { listener, endpoint, url: target.webSocketDebuggerUrl };
  };
  for (let poll = 1; performance.now() < until && !signal.aborted; poll++) {
    const listeners = await listenersNow(evidence, pid, poll % POLLS_BETWEEN === 0 ? undefined : numbers);
    const fresh = listeners.filter(({ inode }) => !known.has(inode) && (tries.get(inode) ?? 0) < ANSWER_MS.length);
    const answers = await Promise.all(fresh.map((listener) => ask(listener)));
    seen = fresh.at(-1) ?? seen;
    const found = answers.filter((answer) => answer !== undefined);
    const opened = found.find(({ listener }) => listener.port === port) ?? found[0];
    if (opened) return { opened };
    if (evidence.read(`/proc/${pid}/stat`).value === undefined) break;
    await evidence.sleep(pollMs);
  }
  return seen ? { seen } : {};
}

/** By descriptors that were not there, which is cheap; or all of them: a number may have been closed and be in use again. */
async function listenersNow(evidence: Evidence, pid: number, numbers: ReadonlySet<number> | undefined): Promise<Listener[]> {
  if (!numbers) return (await readDescriptors(evidence, pid)).listeners;
  const fresh = newSockets(evidence, pid, numbers);
  return fresh.size === 0 ? [] : listenersOf(evidence, pid, fresh).listeners;
}
