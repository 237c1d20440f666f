/**
 * The rows of sockets of which nothing is to be told but that they are there: TCP and UDP, connected or not, with empty queues. A
 * large table has 100,000 of them, so they are kept in columns, and made to rows one by one when somebody asks.
 */
import { cameIn, isEphemeral } from './kinds/socket.ts';
import { NumberIndex } from './number-index.ts';
import type { InetSockets } from '../evidence/types.ts';
import type { SocketRow } from './types.ts';

type Protocol = 'tcp' | 'tcp6' | 'udp' | 'udp6';
const PROTOCOLS: readonly Protocol[] = ['tcp', 'tcp6', 'udp', 'udp6'];
const FIRST_UDP = 2;
const ESTABLISHED = 1;
const UNCONNECTED = 2;
const STATES = ['', 'ESTABLISHED', 'UNCONNECTED'];
const CLASSES = PROTOCOLS.length * STATES.length;
const PORTS = 65536;
const FEW_ADDRESSES = 65536;
/** include/net/tcp_states.h: of a connected socket. */
const TCP_ESTABLISHED = 1;
const MAPPED = /^::ffff:(?=\d+\.)/;
const LOOPBACK = /^(127\.|::1$|::ffff:127\.)/;

/** A server on `::` has its IPv4 connections in the table of IPv6, with mapped addresses; the client has it in the other one. */
export function isSameAddress(a: string | undefined, b: string | undefined): boolean {
  return a === b || a?.replace(MAPPED, '') === b?.replace(MAPPED, '');
}

/** A connection inside this host: both ends then usually have the same address. */
export function isLocal({ localAddress, remoteAddress }: SocketRow): boolean {
  return isSameAddress(localAddress, remoteAddress) || LOOPBACK.test(remoteAddress ?? '');
}

export class PlainSockets {
  /** Of those that were asked for: whose place in the columns is theirs. */
  readonly inodes: NumberIndex;
  /** Rows that are here. */
  size = 0;
  /** By place. 0: no row, or one that is not plain. */
  readonly #states: Uint8Array;
  readonly #protocols: Uint8Array;
  /** Local port, then remote port, in the lower half. */
  readonly #ports: Uint32Array;
  /** Numbers of addresses: there are few, until there are many. */
  #locals: Uint16Array | Uint32Array;
  #remotes: Uint16Array | Uint32Array;
  readonly #uids: Uint32Array;
  /** One more than the place of the other end, where that was asked for too. */
  readonly #peers: Uint32Array;
  /** Inodes of other ends that nobody asked for, by place. */
  readonly #others = new Map<number, number>();
  readonly #addresses: string[] = [];
  readonly #addressOf = new Map<string, number>();

  /** @param inodes complete: a row of another is refused */
  constructor(inodes: NumberIndex) {
    this.inodes = inodes;
    const { size } = inodes;
    this.#states = new Uint8Array(size);
    this.#protocols = new Uint8Array(size);
    this.#ports = new Uint32Array(size);
    this.#locals = new Uint16Array(size);
    this.#remotes = new Uint16Array(size);
    this.#uids = new Uint32Array(size);
    this.#peers = new Uint32Array(size);
  }

  /** Takes a row; false when it is not plain, and then what was known of its inode is forgotten. */
  add(row: SocketRow): boolean {
    const number = Number(row.inode);
    const place = this.inodes.placeOf(number);
    if (place < 0) return false;
    this.#forget(place);
    const protocol = PROTOCOLS.indexOf(row.protocol as Protocol);
    const state = STATES.indexOf(row.state);
    if (protocol < 0 || state < ESTABLISHED || row.receiveQueue || row.sendQueue || row.diag || row.path !== undefined) return false;
    this.#put(place, protocol, state, row.localPort ?? 0, row.remotePort ?? 0, row.localAddress ?? '', row.remoteAddress ?? '', row.uid ?? 0);
    if (row.peerInode !== undefined) this.setPeer(row.inode, row.peerInode);
    return true;
  }

  /** The same of sock_diag, without making a row of it; false also for what nobody asked for. */
  take(sockets: InetSockets, index: number, family: 'tcp' | 'udp'): boolean {
    const number = sockets.inode(index);
    const place = this.inodes.placeOf(number);
    if (place < 0 || sockets.receiveQueue(index) !== 0 || sockets.sendQueue(index) !== 0) return false;
    const isConnected = sockets.state(index) === TCP_ESTABLISHED;
    if (family === 'tcp' && !isConnected) return false;
    this.#forget(place);
    const protocol = (family === 'tcp' ? 0 : FIRST_UDP) + (sockets.isIpv6(index) ? 1 : 0);
    const local = sockets.localAddress(index);
    const remote = sockets.remoteAddress(index);
    const state = isConnected ? ESTABLISHED : UNCONNECTED;
    this.#put(place, protocol, state, sockets.localPort(index), sockets.remotePort(index), local, remote, sockets.uid(index));
    return true;
  }

  #forget(place: number): void {
    if (this.#states[place] !== 0) this.size--;
    this.#states[place] = 0;
  }

  #put(place: number, protocol: number, state: number, localPort: number, remotePort: number, local: string, remote: string, uid: number): void {
    this.size++;
    this.#states[place] = state;
    this.#protocols[place] = protocol;
    this.#ports[place] = localPort * 65536 + remotePort;
    this.#locals[place] = this.#addressNumber(local);
    this.#remotes[place] = this.#addressNumber(remote);
    this.#uids[place] = uid;
  }

  #addressNumber(address: string): number {
    let number = this.#addressOf.get(address);
    if (number === undefined) {
      number = this.#addresses.push(address) - 1;
      if (number === FEW_ADDRESSES) [this.#locals, this.#remotes] = [Uint32Array.from(this.#locals), Uint32Array.from(this.#remotes)];
      this.#addressOf.set(address, number);
    }
    return number;
  }

  /** The row of an inode, made anew; undefined when it is not plain, or was not found. */
  row(inode: string): SocketRow | undefined {
    return this.rowAt(this.inodes.placeOf(Number(inode)));
  }

  isPlainAt(place: number): boolean {
    return place >= 0 && this.#states[place] !== 0;
  }

  /** As row(). */
  rowAt(place: number): SocketRow | undefined {
    if (!this.isPlainAt(place)) return undefined;
    const row: SocketRow = {
      protocol: PROTOCOLS[this.#protocols[place]!]!,
      inode: String(this.inodes.at(place)),
      state: STATES[this.#states[place]!]!,
      localAddress: this.#addresses[this.#locals[place]!]!,
      localPort: this.#ports[place]! >>> 16,
      remoteAddress: this.#addresses[this.#remotes[place]!]!,
      remotePort: this.#ports[place]! & 0xffff,
      receiveQueue: 0,
      sendQueue: 0,
      uid: this.#uids[place]!,
    };
    const peer = this.#peers[place]! - 1;
    const other = peer >= 0 ? this.inodes.at(peer) : this.#others.get(place);
    if (other !== undefined) row.peerInode = String(other);
    return row;
  }

  /** One of a few small numbers. */
  stateAt(place: number): number {
    return this.#states[place]!;
  }

  /** The service it belongs to, as a number: the port here when it came in, else less than 0 by the port there. */
  serviceAt(place: number, isListening: (port: number) => boolean): number {
    const ports = this.#ports[place]!;
    const local = ports >>> 16;
    const remote = ports & 0xffff;
    const isInbound = this.#protocols[place]! < FIRST_UDP && cameIn(local, remote, isListening);
    return isInbound ? local : -remote;
  }

  /** The same number only for two of which the kind says the same (kinds/socket.ts key). */
  classAt(place: number, isListening: (port: number) => boolean): number {
    const what = this.#protocols[place]! * STATES.length + this.#states[place]!;
    const local = this.#ports[place]! >>> 16;
    if (this.#states[place] === UNCONNECTED) return (isEphemeral(local) ? 0 : local) * CLASSES + what;
    const service = this.serviceAt(place, isListening);
    // Of an outbound one the address counts too; 1 and up, so that no inbound one has such a number.
    return (service > 0 ? service : (this.#remotes[place]! + 1) * PORTS - service) * CLASSES + what;
  }

  /** Place of the other end, where that was asked for too; else -1. */
  peerAt(place: number): number {
    return this.#peers[place]! - 1;
  }

  /** Inode of the other end where it is known, else its own. */
  otherInodeAt(place: number): number {
    const peer = this.peerAt(place);
    return peer >= 0 ? this.inodes.at(peer) : (this.#others.get(place) ?? this.inodes.at(place));
  }

  setPeer(inode: string, peer: string): void {
    const [place, other] = [this.inodes.placeOf(Number(inode)), this.inodes.placeOf(Number(peer))];
    if (place >= 0 && other >= 0) this.#peers[place] = other + 1;
    else if (place >= 0) this.#others.set(place, Number(peer));
  }

  /** Inodes of other ends that nobody asked for. */
  otherPeers(): Iterable<number> {
    return this.#others.values();
  }

  *inodesOf(family: 'tcp' | 'udp'): Generator<number> {
    for (let place = 0; place < this.#states.length; place++) {
      if (this.#states[place] !== 0 && this.#protocols[place]! < FIRST_UDP === (family === 'tcp')) yield this.inodes.at(place);
    }
  }

  /**
   * Finds the two ends of each TCP connection inside this host: they have the endpoints exchanged. Those whose other end is not
   * among these are returned as rows.
   */
  matchPeers(): SocketRow[] {
    const isLoopback = this.#addresses.map((address) => LOOPBACK.test(address));
    const same = sameNumbers(this.#addresses);
    // By pair of ports one more than the place that waits for its other end; 0 for none. A Map would make an object of each large number.
    const pairs = new NumberIndex(this.size / 4);
    let waiting = new Int32Array(pairs.room);
    const alone: number[] = [];
    for (let place = 0; place < this.#states.length; place++) {
      if (this.#states[place] === 0 || this.#protocols[place]! >= FIRST_UDP) continue;
      const local = this.#locals[place]!;
      const remote = this.#remotes[place]!;
      if (same[local] !== same[remote] && !isLoopback[remote]) continue;
      const ports = this.#ports[place]!;
      const opposite = pairs.placeOf(exchanged(ports));
      const other = opposite < 0 ? -1 : waiting[opposite]! - 1;
      if (other >= 0 && same[this.#locals[other]!] === same[remote] && same[this.#remotes[other]!] === same[local]) {
        waiting[opposite] = 0;
        this.#peers[other] = place + 1;
        this.#peers[place] = other + 1;
        continue;
      }
      const own = pairs.add(ports);
      if (own >= waiting.length) waiting = widened(waiting, pairs.room);
      if (waiting[own]! > 0) alone.push(place);
      else waiting[own] = place + 1;
    }
    // In the order of sight, and after them those whose ports another had.
    const left = waiting.filter((place) => place > 0).sort();
    return [...left].map((place) => this.rowAt(place - 1)!).concat(alone.map((place) => this.rowAt(place)!));
  }
}

function widened(from: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const into = new Int32Array(length);
  into.set(from);
  return into;
}

function exchanged(ports: number): number {
  return (ports & 0xffff) * 65536 + (ports >>> 16);
}

/** A number for each address, the same for what is the same host in both families. */
function sameNumbers(addresses: readonly string[]): number[] {
  const known = new Map<string, number>();
  return addresses.map((address, index) => {
    const bare = address.replace(MAPPED, '');
    const first = known.get(bare);
    if (first === undefined) known.set(bare, index);
    return first ?? index;
  });
}
