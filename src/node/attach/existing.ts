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
export async function findInspector(evidence: Evidence, facts: GateFacts, { listeners }: Descriptors, { port: named, open }: InspectOptions, helper: Helper): Promise<Found | undefined> {
  const isKnown = facts.threadNames.includes('InspectorIo');
  const candidates = listeners.filter(({ host, port }) => (open && port === named) || port === USUAL_PORT || ((isKnown || (open && named === 0)) && isLoopback(host)));
  for (const listener of candidates) {
    const target = await discover(endpointOf(evidence, facts.pid, listener, helper), ANSWER_MS);
    if (target) return { listener, url: target.webSocketDebuggerUrl };
  }
  return undefined;
}

export interface InspectOptions {
  /** Where an inspector listens, or would: 9229 unless told; 0 is any port. */
  port: number;
  /** It was opened at the start. */
  open: boolean;
}

/** Of --inspect[-brk|-wait|-port][=[host:]port] in a command line. */
export function inspectOptions(cmdline: string): InspectOptions {
  const found: InspectOptions = { port: USUAL_PORT, open: false };
  for (const word of cmdline.split('\0').slice(1)) {
    // What follows the script is the application's.
    if (!word.startsWith('-')) break;
    const [, how, port] = /^--(inspect(?:-brk|-wait|-port)?|debug-port)(?:=(?:.*:)?(\d{1,5}))?(?:=.*)?$/.exec(word) ?? [];
    if (how === undefined) continue;
    if (port !== undefined) found.port = Number(port);
    found.open ||= !how.endsWith('-port');
  }
  return found;
}

export async function readInspectOptions(evidence: Evidence, pid: number): Promise<InspectOptions> {
  const [cmdline] = await evidence.readSlow([`/proc/${pid}/cmdline`]);
  return inspectOptions(cmdline?.value ?? '');
}
