import { endpoint } from '../../kernel/kinds/socket.ts';
import { processesLabel, type Service, servicesOf } from '../../kernel/services.ts';
import { snapshotRule, subjectOf } from '../../kernel/snapshot-rule.ts';
import { LONG_LOOK_MS, type SecondLook, type Snapshot } from '../../kernel/types.ts';
import { type Finding, fingerprint } from '../../report/index.ts';
import { bytes, duration, plural } from '../../report/words.ts';
import { holdersOf, type TcpSocket, tableSource, tcpIn } from './held-sockets.ts';
import { groupByPeer, type PeerGroup } from './peer-groups.ts';

const ID = 'socket/unread-data';
const MANY = 16;
const MUCH_BYTES = 1024 * 1024;

/** Data that has arrived and that the program does not read. */
export const unreadData = snapshotRule(ID, (snapshot) =>
  servicesOf(snapshot.tables).flatMap((service) => {
    const unread = tcpIn(service, 'ESTABLISHED').filter((socket) => socket.row.receiveQueue && lasts(socket, snapshot.secondLook));
    const total = sumOf(unread);
    const heldBack = isHeldBack(service, unread, snapshot.secondLook);
    return groupByPeer(unread, (sockets) => sockets.length >= MANY || sumOf(sockets) >= MUCH_BYTES).map((group) =>
      findingOf(snapshot, { ...group, many: group.many || total >= MUCH_BYTES }, heldBack),
    );
  }),
);

function sumOf(sockets: readonly TcpSocket[]): number {
  return sockets.reduce((sum, { row }) => sum + row.receiveQueue!, 0);
}

function lasts({ row }: TcpSocket, look: SecondLook | undefined): boolean {
  if (!look) return true;
  const again = look.byInode.get(row.inode);
  return again?.state === 'ESTABLISHED' && (again.receiveQueue ?? 0) >= row.receiveQueue!;
}

/**
 * A proxy stops reading on one side while a slow receiver on the other does not take what it sends: that is flow control.
 * Senders whose receiver is one of the unread sockets themselves explain nothing.
 */
function isHeldBack(service: Service, unread: readonly TcpSocket[], look: SecondLook | undefined): boolean {
  const ends = new Set(unread.map(({ row }) => endpoint(row.localAddress, row.localPort)));
  const blocked = tcpIn(service, 'ESTABLISHED').filter(({ row }) => {
    const now = look ? look.byInode.get(row.inode) : row;
    return row.sendQueue && now?.sendQueue && !ends.has(endpoint(row.remoteAddress, row.remotePort));
  });
  return blocked.length > 0 && blocked.length >= unread.length;
}

function findingOf({ secondLook }: Snapshot, { label, direction, sockets, many }: PeerGroup, heldBack: boolean): Finding {
  const holders = holdersOf(sockets);
  const process = holders[0]!;
  const source = tableSource(sockets[0]!);
  const total = sumOf(sockets);
  const most = sockets.reduce((sofar, { row }) => Math.max(sofar, row.receiveQueue!), 0);
  const confirmed = secondLook !== undefined && secondLook.afterMs >= LONG_LOOK_MS && !heldBack;
  return {
    id: ID,
    severity: confirmed && many ? 'warning' : 'info',
    confidence: confirmed && many ? 'likely' : 'hint',
    because: heldBack
      ? 'as many receivers on the other side do not take what is sent to them: this may be flow control'
      : secondLook
        ? `nothing of it was read in ${duration(secondLook.afterMs)}`
        : 'one look: a busy program may be about to read it',
    title: `${plural('connection', sockets.length)} ${label} with ${bytes(total)} that ${processesLabel(holders)} does not read`,
    subject: subjectOf('socket', `tcp ESTABLISHED ${label}`, process),
    evidence: [
      { name: 'connections with unread data', value: sockets.length, source },
      { name: 'unread', value: total, unit: 'bytes', source },
      { name: 'most on one connection', value: most, unit: 'bytes', source },
      ...(secondLook ? [{ name: 'seen again after', value: secondLook.afterMs, unit: 'ms', source }] : []),
      { name: 'state of the process', value: process.state, source: `/proc/${process.pid}/stat` },
    ],
    remedy: [
      {
        text: 'find what its threads wait for: a blocked loop or a starved pool reads nothing',
        command: `grep -H . /proc/${process.pid}/task/*/wchan`,
        risk: 'none',
      },
      { text: 'for good: read or close what the program keeps; a response body that nobody reads holds its connection', risk: 'restart' },
    ],
    fingerprint: fingerprint(ID, 'tcp', 'ESTABLISHED', direction),
  };
}
