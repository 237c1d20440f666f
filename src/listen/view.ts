/** The text below the findings: listeners, then what is worth a note, then the counters of a watch. */
import type { Block, Cell } from '../render/index.ts';
import { count, duration, plural } from '../report/words.ts';
import type { ListenAddress, ListenLook, Listener, NetworkNamespace } from './model.ts';
import type { OutboundLook } from './outbound/model.ts';
import { outboundBlocks } from './outbound/view.ts';
import { generationsAt, ownersText, sinceText, whereOf } from './names.ts';

const TCP_SHOWN = 40;
const UNIX_SHOWN = 10;
const NOTES_SHOWN = 12;

export interface ViewOptions {
  all: boolean;
  nearest?: readonly ListenAddress[] | undefined;
  /** Nobody listens on the port by TCP, but a UDP socket is bound to it. */
  udp?: boolean | undefined;
  /** What the answer needs could not all be read. */
  unread?: boolean | undefined;
  /** Instead of the listeners. */
  outbound?: OutboundLook | undefined;
}

export function* viewOf(look: ListenLook, { all, nearest, udp, outbound, unread }: ViewOptions): Generator<Block> {
  yield { type: 'blank' };
  if (outbound) {
    yield* outboundBlocks(outbound, all);
    return;
  }
  if (nearest) {
    if (udp) yield { type: 'paragraph', text: `a UDP socket is bound to ${look.label}: who holds it, and what waits in it, tells reloadctl fds ${look.label.replace('port ', ':')}`, tone: 'strong' };
    yield* nearestBlocks(look, nearest, udp ? ' by TCP' : '');
    return;
  }
  const tcp = look.addresses.filter(({ protocol }) => protocol !== 'unix');
  const unix = look.addresses.filter(({ protocol }) => protocol === 'unix');
  if (look.addresses.length === 0) {
    yield { type: 'paragraph', text: unread ? `${look.label}: no listener seen, and not all that it holds may be read` : `${look.label}: no listener`, tone: 'strong' };
    return;
  }
  const sockets = look.addresses.reduce((sum, { listeners }) => sum + listeners.length, 0);
  const namespaces = new Set(look.addresses.map(({ netns }) => netns)).size;
  const places = namespaces > 1 ? ` in ${plural('network namespace', namespaces)}` : '';
  yield { type: 'paragraph', text: `${look.label}: ${plural('listener', sockets)} on ${plural('address', look.addresses.length, 'addresses')}${places}`, tone: 'strong' };
  yield* tableOf(look, tcp, all ? tcp.length : TCP_SHOWN);
  if (unix.length > 0) {
    if (tcp.length > 0) yield { type: 'blank' };
    yield* tableOf(look, unix, all || tcp.length === 0 ? unix.length : UNIX_SHOWN);
  }
  const notes = look.addresses.flatMap((address) => notesOf(look, address));
  if (notes.length > 0) {
    yield { type: 'blank' };
    yield { type: 'list', items: all ? notes : notes.slice(0, NOTES_SHOWN) };
  }
  yield* watchBlocks(look);
}

function* tableOf(look: ListenLook, addresses: readonly ListenAddress[], most: number): Generator<Block> {
  if (addresses.length === 0) return;
  const own = look.namespaces.find((namespace) => namespace.own);
  const isOne = own !== undefined && look.addresses.every(({ netns }) => netns === own.id);
  const isUnix = addresses[0]!.protocol === 'unix';
  // What waits is what is looked for.
  const shown = addresses.length > most ? addresses.toSorted((a, b) => waiting(b) - waiting(a)).slice(0, most) : addresses;
  yield {
    type: 'table',
    columns: [
      { title: isUnix ? 'UNIX' : 'TCP', flex: isUnix, min: 20 },
      ...(isOne ? [] : [{ title: 'NETNS' }]),
      { title: 'QUEUE', align: 'right' },
      { title: 'HELD BY', flex: true, min: 16 },
      ...(isUnix ? [] : [{ title: 'CONNECTIONS', flex: true, min: 12 }]),
      { title: 'NOTE', flex: true },
    ],
    rows: shown.flatMap((address) => address.listeners.map((listener, index): Cell[] => [
      whereOf(address),
      ...(isOne ? [] : [namespaceText(look.namespaces.find(({ id }) => id === address.netns))]),
      queueCell(listener),
      ownersText(listener.owners),
      ...(isUnix ? [] : [index === 0 ? connectionsText(address) : '']),
      { text: noteOf(look, address, listener), tone: 'dim' },
    ])),
  };
  if (shown.length < addresses.length) yield { type: 'paragraph', text: `and ${count(addresses.length - shown.length)} more (--all)`, tone: 'dim' };
}

function waiting({ listeners, connections }: ListenAddress): number {
  return listeners.reduce((sum, { queue = 0 }) => sum + queue, 0) + connections.neverAccepted.length;
}

function namespaceText(namespace: NetworkNamespace | undefined): string {
  return namespace?.own ? 'ours' : namespace?.id || 'unknown';
}

function queueCell({ queue, backlog }: Listener): Cell {
  if (queue === undefined) return 'unknown';
  if (backlog === undefined) return count(queue);
  const text = `${count(queue)} of ${count(backlog)}`;
  return queue > backlog ? { text: `${text} FULL`, tone: 'critical' } : queue > 0 ? { text, tone: 'info' } : text;
}

function connectionsText({ connections }: ListenAddress): string {
  const states = [...connections.byState].sort((a, b) => b[1] - a[1]).map(([state, n]) => `${count(n)} ${state}`);
  const never = connections.neverAccepted.length > 0 ? [`${count(connections.neverAccepted.length)} never accepted`] : [];
  const { idle } = connections;
  return [...states, ...never, ...(idle ? [`idle ${duration(idle.shortestMs)} to ${duration(idle.longestMs)}`] : [])].join(', ') || '-';
}

function noteOf({ namespaces }: ListenLook, { listeners, netns, address, v6Only, gone }: ListenAddress, { backlog, reuseport, queueHighest, queue = 0 }: Listener): string {
  const somaxconn = namespaces.find(({ id }) => id === netns)?.somaxconn;
  const notes: string[] = [];
  if (address === '::' && v6Only !== undefined) notes.push(v6Only ? 'IPv6 only' : 'IPv4 too');
  if (gone) notes.push('path removed or renamed');
  if (listeners.length > 1) notes.push(`SO_REUSEPORT, ${listeners.length} sockets`);
  else if (reuseport) notes.push('SO_REUSEPORT');
  if (backlog !== undefined && somaxconn !== undefined && backlog >= somaxconn) notes.push(`backlog is all of somaxconn (${count(somaxconn)})`);
  if (queueHighest !== undefined && queueHighest > queue) notes.push(`at most ${count(queueHighest)} waited`);
  return notes.join('; ');
}

function notesOf(look: ListenLook, address: ListenAddress): string[] {
  const { again, connections } = address;
  const where = whereOf(address);
  const notes: string[] = [];
  const generations = generationsAt(address).map((index) => look.generations[index]!);
  if (generations.length > 1) {
    const each = generations.slice(0, 4).map((generation) => `${ownersText(generation.processes.map((process) => ({ process, fd: -1 })))} ${sinceText(generation, look)}`.trimEnd());
    const more = generations.length > each.length ? `, and ${count(generations.length - each.length)} more` : '';
    notes.push(`${where} is held by ${count(generations.length)} runs: ${each.join(', ')}${more}`);
  }
  if (again && connections.neverAccepted.length > 0) {
    notes.push(`${where}: of ${plural('connection', connections.neverAccepted.length)} that waited, ${count(again.stillWaiting)} still did after ${duration(again.afterMs)}`);
  }
  if (connections.knocking > 0) notes.push(`${where}: ${plural('local client', connections.knocking)} without an answer to connect()`);
  return notes;
}

function* watchBlocks({ watches, namespaces }: ListenLook): Generator<Block> {
  for (const { netns, windowMs, grown } of watches) {
    const items = [...grown].filter(([, n]) => n > 0).map(([name, n]): [string, Cell] => [name, { text: `+${count(n)}`, tone: 'warning' }]);
    if (items.length === 0 && windowMs < 1000) continue;
    const where = namespaces.length > 1 ? ` in network namespace ${netns || 'unknown'}` : '';
    yield { type: 'blank' };
    yield { type: 'paragraph', text: items.length > 0 ? `counters that grew in ${duration(windowMs)}${where}:` : `no counter of drops grew in ${duration(windowMs)}${where}` };
    if (items.length > 0) yield { type: 'facts', items };
  }
}

function* nearestBlocks(look: ListenLook, nearest: readonly ListenAddress[], how: string): Generator<Block> {
  yield { type: 'paragraph', text: `nobody listens on ${look.label}${how}${nearest.length > 0 ? '; nearest to it:' : ''}`, tone: 'strong' };
  if (nearest.length === 0) return;
  yield {
    type: 'table',
    columns: [{ title: 'TCP' }, { title: 'HELD BY', flex: true }],
    rows: nearest.map((address): Cell[] => [whereOf(address), ownersText(address.listeners.flatMap(({ owners }) => owners))]),
  };
}
