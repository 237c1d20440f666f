import { type Finding, fingerprint } from '../../report/index.ts';
import { whereOf } from '../names.ts';
import type { Rival } from '../rivals.ts';
import { holdersLabel, listenerSubject, processesAt, structureOf } from './subject.ts';

/** Of two runs, each with an address of its own, one gets what the other seems to be there for. */
export function rivalFinding(id: string, { taker, other }: Rival): Finding {
  const isUnix = taker.protocol === 'unix';
  const [first, second] = [holdersLabel(processesAt(taker)), holdersLabel(processesAt(other))];
  return {
    id,
    severity: 'info',
    confidence: isUnix || taker.protocol !== other.protocol ? 'likely' : 'certain',
    because: isUnix
      ? 'two sockets are bound to one path: it was removed and bound anew, and leads to the last one'
      : 'the kernel gives a connection to the listener of the very address before one of all addresses',
    title: isUnix
      ? `unix ${whereOf(taker)} has listeners of ${second} and ${first}: no connect reaches the older one, of ${second}`
      : `${taker.protocol} ${whereOf(taker)} of ${first} takes what comes to that address: ${second} on ${whereOf(other)} gets only the rest`,
    subject: listenerSubject(other),
    evidence: [taker, other].map((address) => ({ name: `listener of ${whereOf(address)}`, value: `socket:[${address.listeners[0]!.inode}]`, source: `/proc/${address.listeners[0]!.owners[0]!.process.pid}/fd/${address.listeners[0]!.owners[0]!.fd}` })),
    remedy: [{ text: 'end the one that is not meant', command: `ps -o pid,ppid,lstart,args -p ${[taker, other].map((address) => processesAt(address)[0]!.pid).join(',')}`, risk: 'restart' }],
    fingerprint: fingerprint(id, isUnix ? 'path bound anew' : 'narrower address', ...structureOf(other)),
  };
}
