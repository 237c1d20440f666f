import { type Finding, fingerprint, type Remedy } from '../../report/index.ts';
import { count, plural } from '../../report/words.ts';
import { lookRule } from '../look-rule.ts';
import type { ListenAddress, Listener, ListenLook, NetworkNamespace } from '../model.ts';
import { whereOf } from '../names.ts';
import { holdersLabel, listenerSubject, processesAt, structureOf } from './subject.ts';

const ID = 'listen/backlog-clipped';
/** What the kernel began with before Linux 5.4, and containers were given long after: less than nearly every server asks for. */
const SMALL = 128;
/** What the kernel begins with since then. */
const USUAL = 4096;

interface Clipped {
  address: ListenAddress;
  listener: Listener;
  /** Longest queue that was seen. */
  most: number;
}

/**
 * listen() asked for as much as net.core.somaxconn allows, or for more: the kernel clips without a word. Many programs ask for just
 * that (Go, systemd), so it is worth a word only where the room is needed, or is very small.
 */
export const backlogClipped = lookRule(ID, (look) =>
  look.namespaces.flatMap((namespace) => {
    const clipped = clippedIn(look, namespace);
    const pressed = clipped.filter(isPressed);
    if (pressed.length > 0) return pressed.map((each) => findingOf(namespace, [each], true));
    return clipped.length > 0 && namespace.somaxconn! <= SMALL ? [findingOf(namespace, clipped, false)] : [];
  }),
);

function clippedIn({ addresses }: ListenLook, { id, somaxconn }: NetworkNamespace): Clipped[] {
  if (somaxconn === undefined) return [];
  return addresses
    .filter(({ netns, protocol }) => netns === id && protocol !== 'unix')
    .flatMap((address) => address.listeners.filter(({ backlog }) => backlog !== undefined && backlog >= somaxconn).map((listener) => ({ address, listener, most: mostOf(listener) })));
}

function mostOf({ queue = 0, queueAgain = 0, queueHighest = 0 }: Listener): number {
  return Math.max(queue, queueAgain, queueHighest);
}

/** More than half of the room was taken. */
function isPressed({ listener, most }: Clipped): boolean {
  return most * 2 > listener.backlog!;
}

function findingOf({ somaxconn }: NetworkNamespace, clipped: readonly Clipped[], pressed: boolean): Finding {
  const [first] = clipped;
  const { address, listener, most } = first!;
  const backlog = listener.backlog!;
  const who = holdersLabel(processesAt(address));
  return {
    id: ID,
    severity: pressed ? 'warning' : 'info',
    confidence: pressed ? 'likely' : 'hint',
    because: pressed
      ? `the backlog is exactly what net.core.somaxconn allows, and up to ${count(most)} connections were seen to wait`
      : 'a backlog of just this size was asked for, or was cut to it: the kernel keeps the result only',
    title: pressed
      ? `${address.protocol} listener ${whereOf(address)} of ${who}: ${count(most)} connections wait in a queue of ${count(backlog)}, which net.core.somaxconn cannot let be longer`
      : `${plural('listener has', clipped.length, 'listeners have')} a backlog of ${count(backlog)}, all that net.core.somaxconn allows: ${whereOf(address)} of ${who}${clipped.length > 1 ? ` and ${count(clipped.length - 1)} more` : ''}`,
    subject: listenerSubject(address),
    evidence: [
      { name: 'backlog', value: backlog, limit: somaxconn!, source: 'sock_diag tcp' },
      { name: 'net.core.somaxconn', value: somaxconn!, source: '/proc/sys/net/core/somaxconn of its network namespace' },
      { name: 'longest queue seen', value: most, limit: backlog, source: 'sock_diag tcp' },
      { name: 'listeners', value: clipped.length, source: 'sock_diag tcp' },
    ],
    remedy: remediesOf(first!, somaxconn!),
    fingerprint: fingerprint(ID, pressed ? 'pressed' : 'small', ...structureOf(address)),
  };
}

function remediesOf({ address }: Clipped, somaxconn: number): Remedy[] {
  const [process] = processesAt(address);
  const set = `sysctl -w net.core.somaxconn=${Math.max(USUAL, 2 * somaxconn)}`;
  return [
    { text: 'what clients see of a full queue: connects that take 1 s, 3 s, 7 s, without an error on either side', risk: 'none' },
    {
      text: 'raise it in the network namespace of the program (a container has its own), then restart: the value is taken at listen(), not later',
      command: process ? `nsenter -t ${process.pid} -n ${set}` : set,
      risk: 'host',
    },
  ];
}
