import { processesLabel, servicesOf } from '../../kernel/services.ts';
import { snapshotRule, subjectOf, watchRemedy } from '../../kernel/snapshot-rule.ts';
import { LONG_LOOK_MS, type Snapshot } from '../../kernel/types.ts';
import { type Finding, fingerprint } from '../../report/index.ts';
import { count, duration, plural } from '../../report/words.ts';
import { fateOf, type HeldSocket, holdersOf, socketsOf, type TcpSocket, tableSource, tcpIn } from './held-sockets.ts';
import { groupByPeer } from './peer-groups.ts';

const ID = 'socket/never-connected';
const MANY = 16;

/** Sockets made and not used: never connected or refused, and those whose remote does not answer. */
export const neverConnected = snapshotRule(ID, (snapshot) =>
  servicesOf(snapshot.tables).flatMap((service) => {
    const unused = socketsOf(service).filter((held) => fateOf(snapshot, held) === 'never connected');
    const knocking = tcpIn(service, 'SYN_SENT').filter(({ row }) => snapshot.secondLook?.byInode.get(row.inode)?.state === 'SYN_SENT');
    return [...(unused.length > 0 ? [unusedFinding(unused)] : []), ...(knocking.length > 0 ? [knockingFinding(knocking, snapshot)] : [])];
  }),
);

function unusedFinding(unused: readonly HeldSocket[]): Finding {
  const holders = holdersOf(unused);
  const process = holders[0]!;
  return {
    id: ID,
    severity: unused.length >= MANY ? 'warning' : 'info',
    confidence: 'likely',
    because: 'each of these sockets was asked and has never carried data; from one look, some may be about to connect',
    title: `${plural('TCP socket', unused.length)} of ${processesLabel(holders)} ${unused.length === 1 ? 'was' : 'were'} never connected`,
    subject: subjectOf('socket', 'tcp never connected', process),
    evidence: [{ name: 'never connected', value: unused.length, source: `TCP_INFO of pid ${process.pid}` }],
    remedy: [
      { text: 'close() the socket when connect() or bind() fails: a refused connect leaves the descriptor open', risk: 'restart' },
      watchRemedy(process),
    ],
    fingerprint: fingerprint(ID, 'tcp', 'CLOSE'),
  };
}

function knockingFinding(knocking: readonly TcpSocket[], { secondLook }: Snapshot): Finding {
  const holders = holdersOf(knocking);
  const process = holders[0]!;
  const source = tableSource(knocking[0]!);
  const top = groupByPeer(knocking, (sockets) => sockets.length * 2 > knocking.length)[0]!;
  const peer = top.sockets.length === knocking.length ? ` ${top.label}` : '';
  const most = peer === '' ? `, ${count(top.sockets.length)} of them ${top.label}` : '';
  const afterMs = secondLook?.afterMs ?? 0;
  const long = afterMs >= LONG_LOOK_MS;
  return {
    id: ID,
    severity: long && knocking.length >= MANY ? 'warning' : 'info',
    confidence: long ? 'likely' : 'hint',
    because: `the same connects were still without an answer ${duration(afterMs)} later`,
    title: `${plural('connect', knocking.length)}${peer} of ${processesLabel(holders)} without an answer${most}`,
    subject: subjectOf('socket', `tcp SYN_SENT ${top.label}`, process),
    evidence: [
      { name: 'in SYN_SENT', value: knocking.length, source },
      { name: 'seen again after', value: afterMs, unit: 'ms', source },
    ],
    remedy: [
      {
        text: 'the remote is down, its accept queue is full, or a firewall drops the packets',
        command: 'ss -tno state syn-sent',
        risk: 'none',
      },
      { text: 'give connects a timeout and a limit, so that a remote that is gone cannot use up the descriptors', risk: 'restart' },
    ],
    fingerprint: fingerprint(ID, 'tcp', 'SYN_SENT'),
  };
}
