import { type Finding, fingerprint, type Remedy } from '../../report/index.ts';
import { count, duration, plural } from '../../report/words.ts';
import { lookRule } from '../look-rule.ts';
import type { ListenAddress } from '../model.ts';
import { whereOf } from '../names.ts';
import { isFull } from '../queues.ts';
import { holdersLabel, isStopped, listenerSubject, processesAt, structureOf } from './subject.ts';

const ID = 'listen/never-accepted';
/** Who accepts at all takes one of them in this time, however busy. */
const LONG_ENOUGH_MS = 2000;

/** Connections that the kernel has completed, and that no program takes. A full queue is another finding. */
export const neverAccepted = lookRule(ID, ({ addresses }) => addresses.filter((address) => isStuck(address) && !isFull(address)).map(findingOf));

/** All that waited still do: the queue is taken from its head, so nothing was accepted meanwhile. */
function isStuck({ connections, again, listeners }: ListenAddress): boolean {
  const waited = connections.neverAccepted.length;
  if (!again || waited === 0 || again.afterMs < LONG_ENOUGH_MS) return false;
  if (again.stillWaiting === waited) return true;
  // Of several sockets on one address one may be left to itself while the others are served.
  const left = listeners.filter(({ queue = 0, queueAgain = 0 }) => queue > 0 && queueAgain >= queue).reduce((sum, { queue = 0 }) => sum + queue, 0);
  return listeners.length > 1 && left > 0 && again.stillWaiting >= left;
}

function findingOf(address: ListenAddress): Finding {
  const { connections, again, protocol, listeners } = address;
  const processes = processesAt(address);
  const stopped = processes.length > 0 && processes.every(isStopped);
  const [first] = processes;
  const table = protocol === 'unix' ? 'sock_diag unix' : first ? `/proc/${first.pid}/net/${protocol}` : 'sock_diag tcp';
  const still = again!.stillWaiting;
  const some = still < connections.neverAccepted.length;
  return {
    id: ID,
    severity: 'warning',
    confidence: stopped ? 'certain' : 'likely',
    because: stopped
      ? 'every process that holds the listener is stopped'
      : some
        ? 'one of several sockets on the address kept its queue, while connections to the others were accepted'
        : `the same remote ends waited in both looks, ${duration(again!.afterMs)} apart, and none was accepted`,
    title: `${plural('connection', still)} to ${protocol} ${whereOf(address)} ${still === 1 ? 'waits' : 'wait'} for an accept() that does not come, from ${holdersLabel(processes)}: the client is connected, and gets no answer`,
    subject: listenerSubject(address),
    evidence: [
      { name: 'connections nobody has accepted', value: connections.neverAccepted.length, source: table },
      { name: 'still there', value: still, source: table },
      { name: 'after', value: again!.afterMs, unit: 'ms', source: table },
      { name: 'sockets on the address', value: listeners.length, source: table },
      ...(first ? [{ name: 'state of the process', value: first.state, source: `/proc/${first.pid}/stat` }] : []),
    ],
    remedy: remediesOf(address, stopped),
    fingerprint: fingerprint(ID, ...structureOf(address)),
  };
}

function remediesOf(address: ListenAddress, stopped: boolean): Remedy[] {
  const [first] = processesAt(address);
  const symptom: Remedy = {
    text: 'what clients see: connect() succeeds at once, then nothing until they time out; refused they are only when the listener is closed',
    risk: 'none',
  };
  if (!first) return [{ text: 'nobody whose descriptors may be read holds it: the kernel itself does, or a process that is hidden from us', risk: 'none' }, symptom];
  if (stopped) return [{ text: 'continue it, if it is not being debugged', command: `kill -CONT ${first.pid}`, risk: 'live' }, symptom];
  const others = processesAt(address).length - 1;
  return [
    {
      text: 'find what keeps it from accepting: a blocked loop, a starved pool, no descriptor left',
      command: `grep -H . /proc/${first.pid}/task/*/wchan`,
      risk: 'none',
    },
    ...(others > 0 ? [{ text: `${count(others)} more hold it: one that got it by an exec and does not serve it keeps connections waiting once the others are gone`, risk: 'restart' as const }] : []),
    symptom,
  ];
}
