import { processesLabel, servicesOf } from '../../kernel/services.ts';
import { snapshotRule, subjectOf, watchRemedy } from '../../kernel/snapshot-rule.ts';
import type { Snapshot } from '../../kernel/types.ts';
import { type Finding, fingerprint } from '../../report/index.ts';
import { plural } from '../../report/words.ts';
import { fateOf, type HeldSocket, holdersOf, socketsOf } from './held-sockets.ts';

const ID = 'socket/closed-both-ways';
const MANY = 16;

/** The connection is over on both sides and gone from every table; only the descriptor is left. */
export const closedBothWays = snapshotRule(ID, (snapshot) =>
  servicesOf(snapshot.tables).flatMap((service) => {
    const sockets = socketsOf(service);
    const closed = sockets.filter((held) => fateOf(snapshot, held) === 'closed on both sides');
    const unasked = sockets.filter((held) => fateOf(snapshot, held) === 'unknown' && !isListedNow(snapshot, held));
    if (closed.length >= MANY || (closed.length > 0 && unasked.length === 0)) return [proven(closed, unasked.length)];
    const all = [...closed, ...unasked];
    if (unasked.length > 0 && mayBeTcp(snapshot, unasked)) return [guessed(all, closed.length)];
    if (closed.length > 0) return [proven(closed, unasked.length)];
    return all.length >= MANY && wereTablesRead(snapshot, all) ? [unknownKind(all)] : [];
  }),
);

function isListedNow(snapshot: Snapshot, { fd }: HeldSocket): boolean {
  return snapshot.secondLook?.byInode.has(fd.detail.inode) ?? false;
}

/** The kernel has at least so many more TCP sockets than its tables list. Those of other namespaces are among them. */
function mayBeTcp(snapshot: Snapshot, unasked: readonly HeldSocket[]): boolean {
  const inNoTable = unasked.filter(({ fd }) => !fd.detail.row);
  const table = snapshot.sockets.get(unasked[0]!.process.netns ?? '');
  if (inNoTable.length === 0) return true;
  if (table?.tcpAllocated === undefined || table.tcpInUse === undefined) return false;
  return table.tcpAllocated - table.tcpInUse >= inNoTable.length;
}

/** Where nothing could be read, every socket would seem to be in no table. */
function wereTablesRead(snapshot: Snapshot, sockets: readonly HeldSocket[]): boolean {
  const table = snapshot.sockets.get(sockets[0]!.process.netns ?? '');
  return table !== undefined && (table.byInode.size > 0 || table.tcpInUse !== undefined);
}

function proven(closed: readonly HeldSocket[], unasked: number): Finding {
  const holders = holdersOf(closed);
  const { pid } = holders[0]!;
  const [is, their] = closed.length === 1 ? ['is', 'its descriptor is'] : ['are', 'their descriptors are'];
  return {
    ...common(holders),
    severity: closed.length >= MANY ? 'warning' : 'info',
    confidence: 'certain',
    because: 'each of these sockets was asked: it has carried data, and its state is CLOSE',
    title: `${plural('TCP socket', closed.length)} of ${processesLabel(holders)} ${is} closed on both sides, but ${their} still open`,
    evidence: [
      { name: 'closed on both sides', value: closed.length, source: `TCP_INFO of pid ${pid}` },
      ...(unasked > 0 ? [{ name: 'more in no table that were not asked', value: unasked, source: `/proc/${pid}/net/tcp` }] : []),
    ],
  };
}

function guessed(all: readonly HeldSocket[], closed: number): Finding {
  const holders = holdersOf(all);
  const { pid } = holders[0]!;
  const who = `${plural('TCP socket', all.length)} of ${processesLabel(holders)}`;
  return {
    ...common(holders),
    // Those that the kernel has more may be another process's, and these UDP sockets without a port.
    severity: 'info',
    confidence: 'hint',
    because: 'the sockets could not be asked: no table lists them, and the kernel has at least so many more than it lists',
    title: `${who} ${all.length === 1 ? 'is' : 'are'} closed on both sides, or never connected`,
    evidence: [
      { name: 'sockets in no table', value: all.length, source: `/proc/${pid}/net/tcp` },
      ...(closed > 0 ? [{ name: 'of these asked, and closed on both sides', value: closed, source: `TCP_INFO of pid ${pid}` }] : []),
    ],
  };
}

function unknownKind(all: readonly HeldSocket[]): Finding {
  const holders = holdersOf(all);
  const who = `${plural('socket', all.length)} of ${processesLabel(holders)}`;
  return {
    ...common(holders),
    severity: 'info',
    confidence: 'hint',
    because: 'the sockets could not be asked, and nothing tells which protocol they speak',
    title: `${who} are in no socket table: closed, never connected, or of a kind without one`,
    evidence: [{ name: 'sockets in no table', value: all.length, source: `/proc/${holders[0]!.pid}/net` }],
  };
}

function common(holders: ReturnType<typeof holdersOf>): Pick<Finding, 'id' | 'subject' | 'remedy' | 'fingerprint'> {
  const process = holders[0]!;
  return {
    id: ID,
    subject: subjectOf('socket', 'tcp closed on both sides', process),
    remedy: [
      { text: 'close() the descriptor in every error path: shutdown() ends the connection, not the descriptor', risk: 'restart' },
      watchRemedy(process),
    ],
    fingerprint: fingerprint(ID, 'tcp', 'CLOSE'),
  };
}
