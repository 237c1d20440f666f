import { type Finding, fingerprint } from '../../report/index.ts';
import { count, duration, plural } from '../../report/words.ts';
import { lookRule } from '../look-rule.ts';
import type { CounterWatch, ListenAddress, ListenLook } from '../model.ts';
import { whereOf } from '../names.ts';
import { isFull, wasFull } from '../queues.ts';
import { holdersLabel, listenerSubject, processesAt } from './subject.ts';

const ID = 'listen/overflows';

/** Connects were turned away while we looked. The counters are those of a whole network namespace. */
export const overflows = lookRule(ID, (look) =>
  look.watches.flatMap((watch) => {
    const lost = watch.grown.get('ListenOverflows') ?? 0;
    return lost > 0 ? [findingOf(look, watch, lost)] : [];
  }),
);

function findingOf({ addresses, others, namespaces }: ListenLook, { netns, windowMs, grown }: CounterWatch, lost: number): Finding {
  const isTheirs = (address: ListenAddress): boolean => address.netns === netns && address.protocol !== 'unix';
  const isOverfull = (address: ListenAddress): boolean => isTheirs(address) && (isFull(address) || wasFull(address));
  const [own, elsewhere] = [addresses.filter(isOverfull), others.filter(isOverfull)];
  const full = [...own, ...elsewhere];
  const [first] = full;
  // It is one of those that were asked about, or nobody else listens there.
  const isOurs = own.length > 0 || (full.length === 0 && !others.some(isTheirs));
  const who = first ? `: ${whereOf(first)} of ${holdersLabel(processesAt(first))}` : isOurs ? '' : ', and none of the listeners that were asked about';
  const known = full.length === 1;
  const pid = namespaces.find(({ id }) => id === netns)?.pid ?? 1;
  const source = `/proc/${pid}/net/netstat`;
  return {
    id: ID,
    severity: isOurs ? 'warning' : 'info',
    confidence: known ? 'certain' : 'likely',
    because: known
      ? 'the counter grew, and one listener of the namespace was seen with a full queue'
      : 'the counter is of the whole network namespace: which of its listeners it was is not told by it',
    title: `${plural('connect was', lost, 'connects were')} turned away in ${duration(windowMs)} in ${namespaces.length > 1 ? `network namespace ${netns || 'unknown'}` : 'this network namespace'}, an accept queue was full${who}`,
    subject: first ? listenerSubject(first) : { kind: 'network namespace', key: 'listeners' },
    evidence: [...grown].filter(([name, value]) => value > 0 || name === 'ListenOverflows').map(([name, value]) => ({ name, value, source })),
    remedy: [
      {
        text: 'what clients see: connects that take 1 s, 3 s, 7 s and more (the SYN is sent again), or time out; no error on either side',
        risk: 'none',
      },
      {
        text: `see whose queue is full: ${count(full.length)} of the namespace ${full.length === 1 ? 'was' : 'were'} seen so`,
        command: 'reloadctl listen --watch 30s',
        risk: 'none',
      },
      { text: 'for good: accept sooner; for bursts a larger backlog in listen(), and net.core.somaxconn where that clips it', risk: 'restart' },
    ],
    fingerprint: fingerprint(ID, 'tcp'),
  };
}
