import { areTwoPrograms, processLabel } from '../../kernel/services.ts';
import { type Finding, fingerprint } from '../../report/index.ts';
import { count, plural } from '../../report/words.ts';
import { lookRule } from '../look-rule.ts';
import type { Generation, ListenAddress, Listener, ListenLook } from '../model.ts';
import { sinceText, whereOf } from '../names.ts';
import { rivalsOf } from '../rivals.ts';
import { rivalFinding } from './rivals.ts';
import { listenerSubject, structureOf } from './subject.ts';

const ID = 'listen/held-twice';
/** What was started as one starts within this time, in ticks of 10 ms. */
const TOGETHER_TICKS = 1000;

/**
 * Two sockets on one address, of two runs of a program: the kernel sends each connection to either, and what waits at the old one when
 * it closes is reset. One socket that several processes hold is how listeners are handed over, and is no finding.
 */
export const heldTwice = lookRule(ID, (look) => [...look.addresses.flatMap((address) => judge(look, address) ?? []), ...rivalsOf(look).map((rival) => rivalFinding(ID, rival))]);

/** By generation, those that hold a socket which no other one holds. */
function apartOf(look: ListenLook, { listeners }: ListenAddress): { generation: Generation; listeners: Listener[] }[] {
  const byGeneration = new Map<number, Listener[]>();
  for (const listener of listeners) {
    const held = new Set(listener.owners.map(({ generation }) => generation));
    const [only] = held;
    // Handed over, or not known whose it is.
    if (held.size !== 1 || only === undefined) continue;
    byGeneration.set(only, [...(byGeneration.get(only) ?? []), listener]);
  }
  return [...byGeneration].sort(([a], [b]) => a - b).map(([index, own]) => ({ generation: look.generations[index]!, listeners: own }));
}

function judge(look: ListenLook, address: ListenAddress): Finding | undefined {
  const apart = apartOf(look, address);
  if (address.protocol === 'unix' || apart.length < 2) return undefined;
  const oldest = apart[0]!;
  const newest = apart.at(-1)!;
  const two = areTwoPrograms(oldest.generation.processes[0]!, newest.generation.processes[0]!);
  const stuck = apart.filter(({ listeners }) => listeners.some(isStuck));
  const oneLeft = stuck.length > 0 && stuck.length < apart.length;
  if (!two && !oneLeft && newest.generation.startTicks - oldest.generation.startTicks < TOGETHER_TICKS) return undefined;
  return findingOf(look, address, { apart, two, stuck: oneLeft ? stuck : [] });
}

/** Something waits there, and the queue did not become shorter. */
function isStuck({ queue = 0, queueAgain }: Listener): boolean {
  return queue > 0 && queueAgain !== undefined && queueAgain >= queue;
}

interface Found {
  apart: { generation: Generation; listeners: Listener[] }[];
  two: boolean;
  stuck: Found['apart'];
}

function findingOf(look: ListenLook, address: ListenAddress, { apart, two, stuck }: Found): Finding {
  const label = ({ generation }: Found['apart'][number]): string => `${processLabel(generation.processes[0]!)} ${sinceText(generation, look)}`.trimEnd();
  const waiting = stuck.flatMap(({ listeners }) => listeners).reduce((sum, { queueAgain = 0 }) => sum + queueAgain, 0);
  const who = apart.slice(0, 3).map(label).join(' and ');
  const more = apart.length > 3 ? ` and ${count(apart.length - 3)} more` : '';
  return {
    id: ID,
    severity: two || stuck.length > 0 ? 'warning' : 'info',
    confidence: stuck.length > 0 || two ? 'likely' : 'hint',
    because: stuck.length > 0
      ? 'connections wait at the sockets of one run and not at those of the other, and did not become fewer'
      : two
        ? 'two different programs listen on one address by SO_REUSEPORT, which is rarely meant'
        : 'two runs of one program share the address by SO_REUSEPORT: an overlap of generations, or several instances on purpose',
    title: stuck.length > 0
      ? `${address.protocol} ${whereOf(address)} has listeners of ${who}${more}, and ${label(stuck[0]!)} leaves ${plural('connection', waiting)} waiting`
      : `${address.protocol} ${whereOf(address)} has listeners of ${plural('run', apart.length)} of ${two ? 'two programs' : 'a program'}: ${who}${more}; each connect goes to either`,
    subject: listenerSubject(address),
    evidence: apart.slice(0, 8).map(({ generation, listeners }) => ({
      name: `sockets of the run of pid ${generation.processes[0]!.pid}`,
      value: listeners.length,
      source: `/proc/${generation.processes[0]!.pid}/fd/${listeners[0]!.owners[0]!.fd}`,
    })),
    remedy: [
      { text: 'what clients see: some connects answered by the old one, and resets for those that wait at it when it closes its socket', risk: 'none' },
      {
        text: 'end the one that is not meant',
        command: `ps -o pid,ppid,lstart,args -p ${apart.map(({ generation }) => generation.processes[0]!.pid).join(',')}`,
        risk: 'restart',
      },
      { text: 'for good: hand the listening socket over (by exec, SCM_RIGHTS, socket activation) instead of a second bind(); or net.ipv4.tcp_migrate_req=1, so that what waits moves to the other socket', risk: 'host' },
    ],
    fingerprint: fingerprint(ID, two ? 'two programs' : 'one program', stuck.length > 0 ? 'stuck' : 'shared', ...structureOf(address)),
  };
}
