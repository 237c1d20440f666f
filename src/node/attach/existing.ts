/** An inspector that is open already: by --inspect, or by somebody else's signal. */
import { discover } from '../../effects/inspector/discover.ts';
import type { Evidence } from '../../evidence/types.ts';
import type { GateFacts } from '../gate/index.ts';
import type { Descriptors, Listener } from '../listeners.ts';
import { endpointOf, type Helper, isLoopback } from './endpoint.ts';

const USUAL_PORT = 9229;
const ANSWER_MS = 1000;

export interface Found {
  listener: Listener;
  url: string;
}

/**
 * Asks only listeners of the target that are inspectors by all that is known: the port that its command line names, or the usual
 * one. A server of the application is sent nothing.
 */
export async function findInspector(evidence: Evidence, facts: GateFacts, { listeners }: Descriptors, helper: Helper): Promise<Found | undefined> {
  if (listeners.length === 0) return undefined;
  const [cmdline] = await evidence.readSlow([`/proc/${facts.pid}/cmdline`]);
  const named = inspectPort(cmdline?.value ?? '');
  const isKnown = facts.threadNames.includes('InspectorIo');
  const candidates = listeners.filter(({ host, port }) => port === named || port === USUAL_PORT || ((isKnown || named === 0) && isLoopback(host)));
  for (const listener of candidates) {
    const target = await discover(endpointOf(evidence, facts.pid, listener, helper), ANSWER_MS);
    if (target) return { listener, url: target.webSocketDebuggerUrl };
  }
  return undefined;
}

/** Of --inspect[-brk|-wait|-port]=[host:]port; 9229 when none is given, undefined without such an option. */
export function inspectPort(cmdline: string): number | undefined {
  for (const word of cmdline.split('\0').slice(1)) {
    // What follows the script is the application's.
    if (!word.startsWith('-')) return undefined;
    const match = /^--inspect(?:-brk|-wait|-port)?(?:=(?:.*:)?(\d{1,5}))?(?:=.*)?$/.exec(word);
    if (match) return match[1] === undefined ? USUAL_PORT : Number(match[1]);
  }
  return undefined;
}
