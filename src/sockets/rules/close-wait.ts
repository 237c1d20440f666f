import { idleMs } from '../../kernel/kinds/socket.ts';
import { sizeOf } from '../../kernel/plain-fds.ts';
import { processesLabel, servicesOf } from '../../kernel/services.ts';
import { snapshotRule, subjectOf } from '../../kernel/snapshot-rule.ts';
import { LONG_LOOK_MS, type SecondLook, type Snapshot } from '../../kernel/types.ts';
import { type Finding, fingerprint, type RuleDefinition } from '../../report/index.ts';
import { count, duration, percent, plural } from '../../report/words.ts';
import type { Observation, TrendsEvent, WatchedGroup } from '../../series/index.ts';
import { holdersOf, type TcpSocket, tableSource, tcpIn } from './held-sockets.ts';
import { groupByPeer, type PeerGroup } from './peer-groups.ts';

const ID = 'socket/close-wait';
const MANY = 16;
/** Of sockets whose end of stream the program has read: it knows, and keeps them. */
const MANY_KNOWN = 5;
const LONG_IDLE_MS = 60_000;

const inOneLook = snapshotRule(ID, (snapshot) =>
  servicesOf(snapshot.tables).flatMap((service) => {
    const total = service.tables.reduce((sum, table) => sum + sizeOf(table), 0);
    const lasting = tcpIn(service, 'CLOSE_WAIT').filter((socket) => !socket.row.sendQueue && lasts(socket, snapshot.secondLook));
    return groupByPeer(lasting, isMany).map((group) => findingOf(snapshot, group, total));
  }),
);

/** The other side has hung up and the program has not: each is a descriptor that only the program can give back. */
export const closeWait: RuleDefinition<Observation> = {
  id: ID,
  create() {
    const look = inOneLook.create();
    let growing: Finding[] = [];
    let isWatch = false;
    return {
      observe(event) {
        isWatch ||= event.type === 'trends';
        if (event.type === 'trends') growing = event.groups.filter(isGrowingCloseWait).map((group) => growingFinding(event, group));
        else if (event.type === 'snapshot') look.observe(event);
      },
      finish() {
        const seen = isWatch ? look.finish().map(withoutCommand) : look.finish();
        // The look at the end counts them better; the watch proves what one look can only hint at.
        return seen.some(({ severity }) => severity !== 'info') ? seen : growing.length > 0 ? growing : seen;
      },
    };
  },
};

/** A watch is what the remedy of one look asks for. */
function withoutCommand(finding: Finding): Finding {
  return { ...finding, remedy: finding.remedy.map(({ command: _watch, ...remedy }) => remedy) };
}

function isGrowingCloseWait(group: WatchedGroup): boolean {
  return group.kind === 'socket' && group.trend === 'growing' && /^tcp CLOSE_WAIT/.test(group.key);
}

function growingFinding(event: TrendsEvent, group: WatchedGroup): Finding {
  const { pid, startTime } = event.processes.find(({ pid: each }) => each === group.keptBy[0]?.pid) ?? event.processes[0]!;
  return {
    id: ID,
    severity: 'warning',
    confidence: 'likely',
    because: group.because,
    title: `${plural('socket', group.atEnd)} of ${event.label} in CLOSE_WAIT (${group.key.slice('tcp CLOSE_WAIT '.length)}), ${count(group.survivorsGained)} more than ${duration(event.windowMs)} ago: the other side hung up, the program did not`,
    subject: { kind: 'socket', key: group.key, pid, startTime },
    evidence: [
      { name: 'in CLOSE_WAIT', value: group.atEnd, source: event.source },
      { name: 'growth', value: Math.round(group.growthPerMinute), unit: 'per minute', source: event.source },
    ],
    remedy: [{ text: hasSeenEnd, risk: 'restart' }],
    fingerprint: fingerprint(ID, 'tcp', 'CLOSE_WAIT'),
  };
}

/** Still there at the second look, and nothing of it read meanwhile. Without a second look everything seen counts. */
function lasts({ row }: TcpSocket, look: SecondLook | undefined): boolean {
  if (!look) return true;
  const again = look.byInode.get(row.inode);
  return again?.state === 'CLOSE_WAIT' && (again.receiveQueue ?? 0) >= (row.receiveQueue ?? 0);
}

function isMany(sockets: readonly TcpSocket[]): boolean {
  return sockets.length >= MANY || sockets.filter(hasReadEnd).length >= MANY_KNOWN;
}

/** The unread end of stream counts as one byte. */
function hasReadEnd({ row }: TcpSocket): boolean {
  return row.receiveQueue === 0;
}

function isLongIdle({ row }: TcpSocket): boolean {
  return (idleMs(row) ?? 0) >= LONG_IDLE_MS;
}

const hasSeenEnd = 'close the socket where read() returns 0; here the program has seen the end and goes on';
const hasNotLooked = 'something keeps these sockets without reading them: a pool that lost them, or a handler that waits';

function findingOf({ secondLook }: Snapshot, { label, direction, sockets, many }: PeerGroup, total: number): Finding {
  const first = sockets[0]!;
  const holders = holdersOf(sockets);
  const process = holders[0]!;
  const seenTwice = secondLook !== undefined && secondLook.afterMs >= LONG_LOOK_MS;
  const confirmed = seenTwice || isMany(sockets.filter(isLongIdle));
  const known = sockets.filter(hasReadEnd).length;
  const idle = sockets.flatMap(({ row }) => idleMs(row) ?? []).sort((a, b) => a - b);
  const median = idle[Math.floor(idle.length / 2)];
  const source = tableSource(first);
  const age = median === undefined ? '' : `, idle for ${duration(median)} (median)`;
  return {
    id: ID,
    severity: confirmed && many ? 'warning' : 'info',
    confidence: confirmed && many ? 'likely' : 'hint',
    because: seenTwice
      ? `the same sockets were in CLOSE_WAIT ${duration(secondLook.afterMs)} later`
      : confirmed
        ? `nothing has come or gone on them for ${duration(LONG_IDLE_MS)} and more`
        : 'one short look: a busy server may pass through this state',
    title: `${plural('socket', sockets.length)} ${label} in CLOSE_WAIT: the other side hung up, ${processesLabel(holders)} did not${age}`,
    subject: subjectOf('socket', `tcp CLOSE_WAIT ${label}`, process),
    evidence: [
      { name: 'in CLOSE_WAIT', value: sockets.length, source },
      { name: 'share of all open descriptors', value: percent(sockets.length / total), source: `/proc/${process.pid}/fd` },
      { name: 'end of stream read, descriptor kept', value: known, source },
      { name: 'end of stream never read', value: sockets.length - known, source },
      ...(median === undefined ? [] : [
        { name: 'idle, median', value: median, unit: 'ms', source: 'sock_diag' },
        { name: 'idle, longest', value: idle.at(-1)!, unit: 'ms', source: 'sock_diag' },
      ]),
      ...(secondLook ? [{ name: 'seen again after', value: secondLook.afterMs, unit: 'ms', source }] : []),
    ],
    remedy: [
      {
        text: known * 2 >= sockets.length ? hasSeenEnd : hasNotLooked,
        command: `reloadctl fds ${process.pid} --watch 30s`,
        risk: 'none',
      },
      { text: 'only a restart gives the descriptors back: ss -K would close the connection, not the descriptor', risk: 'restart' },
    ],
    fingerprint: fingerprint(ID, 'tcp', 'CLOSE_WAIT', direction),
  };
}
