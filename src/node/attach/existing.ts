/** An inspector that is open already: by --inspect, by the program itself, or by somebody else's signal. */
import { discover } from '../../effects/inspector/discover.ts';
import type { Evidence } from '../../evidence/types.ts';
import { epollsOfThreads, type GateFacts, watchedBy } from '../gate/index.ts';
import type { Descriptors, Listener } from '../listeners.ts';
import { endpointOf, type Helper, isLoopback } from './endpoint.ts';
import type { InspectOptions } from './inspect-options.ts';

const USUAL_PORT = 9229;
const ANSWER_MS = 1000;

export interface Found {
  listener: Listener;
  url: string;
}

/**
 * Asks only listeners of the target that are inspectors by all that is known: the port that its options name, the usual one, or one
 * that a thread of its own listens at, as inspectors do. A server of the application is sent nothing.
 */
export async function findInspector(evidence: Evidence, facts: GateFacts, { listeners }: Descriptors, { port: named, open }: InspectOptions, helper: Helper): Promise<Found | undefined> {
  const local = listeners.filter(({ host }) => isLoopback(host));
  const isKnown = facts.threadNames.includes('InspectorIo') || (open && named === 0);
  const likely = new Set(isKnown ? local : local.length === 0 || isNaming(facts) ? [] : heldByThreads(evidence, facts.pid, local));
  const candidates = listeners.filter((listener) => (open && listener.port === named) || listener.port === USUAL_PORT || likely.has(listener));
  for (const listener of candidates) {
    const target = await discover(endpointOf(evidence, facts.pid, listener, helper), ANSWER_MS);
    if (target) return { listener, url: target.webSocketDebuggerUrl };
  }
  return undefined;
}

/** From Node 24 on threads have names: without an InspectorIo there is no inspector. */
function isNaming({ threadNames }: GateFacts): boolean {
  return threadNames.includes('SignalInspector');
}

/** The main thread has the servers of the application, at its own epoll. */
function heldByThreads(evidence: Evidence, pid: number, listeners: readonly Listener[]): Listener[] {
  const held = new Set(epollsOfThreads(evidence, pid).flatMap(({ fd }) => watchedBy(evidence, pid, fd)));
  return listeners.filter(({ fd }) => held.has(fd));
}
