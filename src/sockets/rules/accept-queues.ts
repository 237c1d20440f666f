/** Listeners whose accept queue is full, from sock_diag, or from /proc alone by what the queue does to others. */
import { endpoint } from '../../kernel/kinds/socket.ts';
import { notableSockets } from '../../kernel/notable-sockets.ts';
import type { Service } from '../../kernel/services.ts';
import { decodeText } from '../../kernel/text.ts';
import type { PendingConnections, Process, Snapshot, SocketRow } from '../../kernel/types.ts';

export interface FullQueue {
  row: SocketRow;
  where: string;
  /** A stopped or sleeping-uninterruptibly process first: it is the reason. */
  owner: Process;
  owners: number;
  queue: number;
  backlog: number | undefined;
  /** The most the kernel lets a backlog be; undefined where it was not asked. */
  somaxconn: number | undefined;
  /** The kernel said the length and the maximum. */
  proven: boolean;
  /** Nothing was accepted between the two looks. */
  stuck: boolean;
  /** Others were seen to be turned away. */
  refusing: boolean;
  pending: { neverAccepted: number; knocking: number } | undefined;
  /** ListenOverflows gained between the looks, of the whole network namespace. */
  overflows: number;
  afterMs: number | undefined;
  source: string;
}

export function acceptQueues(snapshot: Snapshot, service: Service): FullQueue[] {
  const owners = new Map<string, { row: SocketRow; processes: Process[] }>();
  for (const { process, fds } of service.tables) {
    for (const fd of notableSockets(fds)) {
      if (fd.detail.row?.state !== 'LISTEN') continue;
      const known = owners.get(fd.detail.inode);
      if (known) known.processes.push(process);
      else owners.set(fd.detail.inode, { row: fd.detail.row, processes: [process] });
    }
  }
  const queues = [...owners.values()].flatMap(({ row, processes }) => fullQueue(snapshot, row, processes) ?? []);
  return queues.filter((queue) => queue.proven || isKnockedAt(queue) || !queues.some((other) => isKnockedAt(other) && sharesCounter(other, queue)));
}

function isKnockedAt({ pending }: FullQueue): boolean {
  return pending !== undefined && pending.knocking > 0;
}

/** Overflows are counted per namespace: where one queue was seen to turn others away, they say nothing of the next. */
function sharesCounter(one: FullQueue, other: FullQueue): boolean {
  return one.owner.netns === other.owner.netns;
}

function fullQueue(snapshot: Snapshot, row: SocketRow, processes: readonly Process[]): FullQueue | undefined {
  const { secondLook } = snapshot;
  const owner = processes.find(({ state }) => 'TtD'.includes(state)) ?? processes[0]!;
  const table = snapshot.sockets.get(owner.netns ?? '');
  const tcp = row.protocol.startsWith('tcp') && row.localPort !== undefined;
  const first = tcp ? table?.pending.get(row.localPort!) : undefined;
  const second = tcp ? secondLook?.pending.get(row.localPort!) : undefined;
  const queue = row.diag?.receiveQueue ?? row.receiveQueue ?? 0;
  const backlog = row.diag?.sendQueue;
  // Only TCP counts them.
  const overflows = tcp ? overflowsBetween(snapshot) : 0;
  const knocking = Math.max(knocks(first), knocks(second));
  const refusing = knocking > 0 || overflows > 0;
  const again = secondLook?.byInode.get(row.inode);
  const queueAgain = again?.state === 'LISTEN' ? (again.diag?.receiveQueue ?? again.receiveQueue ?? 0) : 0;
  // The kernel takes one more than the backlog: full is above it.
  const proven = backlog !== undefined && queue > backlog;
  const stuck = secondLook !== undefined && (queueAgain >= queue || (backlog !== undefined && queueAgain > backlog));
  // A burst that was accepted meanwhile, and that turned nobody away, is how a backlog is meant to work.
  const drained = secondLook !== undefined && !stuck && !refusing;
  const implied = backlog === undefined && queue > 0 && stuck && refusing && sameWait(first, second);
  if (proven ? drained : !implied) return undefined;
  return {
    row, owner, owners: processes.length, queue, backlog, somaxconn: table?.somaxconn, proven, stuck, refusing, overflows,
    where: endpoint(row.localAddress, row.localPort) ?? decodeText(row.path ?? '(unnamed)').text,
    pending: first && { neverAccepted: first.neverAccepted.length, knocking },
    afterMs: secondLook?.afterMs,
    source: row.diag ? 'sock_diag' : `/proc/${owner.pid}/net/${row.protocol}`,
  };
}

function knocks(pending: PendingConnections | undefined): number {
  return pending ? pending.synReceived + pending.synSent : 0;
}

/** Every connection that waited still waits, so none was accepted. */
function sameWait(first: PendingConnections | undefined, second: PendingConnections | undefined): boolean {
  const still = new Set(second?.neverAccepted);
  return first !== undefined && first.neverAccepted.length > 0 && first.neverAccepted.every((peer) => still.has(peer));
}

/** The counter of the second look is the sum over the namespaces of the targets. */
function overflowsBetween({ tables, sockets, secondLook }: Snapshot): number {
  if (secondLook?.listenOverflows === undefined) return 0;
  const namespaces = new Set(tables.map(({ process }) => process.netns ?? ''));
  let before = 0;
  for (const netns of namespaces) before += sockets.get(netns)?.listenOverflows ?? 0;
  return Math.max(0, secondLook.listenOverflows - before);
}
