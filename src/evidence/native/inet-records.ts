/**
 * Rows of inet_diag kept as they came (struct inet_diag_msg, include/uapi/linux/inet_diag.h), one behind the other: read in place,
 * 50,000 of them cost nothing until somebody asks. Little endian, as all of netlink here.
 */
import type { InetConnections, TakeSocket } from '../types.ts';
import { AF_INET, AF_INET6, addressText } from './address.ts';
import { MESSAGE, readIdleMs, readV6Only, TCP_LISTEN } from './inet-diag.ts';

/** The message in words of 32 bits, and where in it what is. */
const WORDS = MESSAGE / 4;
const PORTS = 1;
const LOCAL = 2;
const REMOTE = 6;
const RECEIVE_QUEUE = 14;
const SEND_QUEUE = 15;
/** idiag_expires, of which nobody asks: what the attributes tell stands in its place, the idle time of a connection or a listener's IPV6_V6ONLY, one more than it is, and 0 for nothing. */
const TOLD = 13;
const UID = 16;
const INODE = 17;

const PAGE_BITS = 10;
const IN_PAGE = (1 << PAGE_BITS) - 1;

interface Page {
  bytes: Buffer;
  words: Uint32Array;
}

function newPage(): Page {
  const bytes = Buffer.allocUnsafeSlow((1 << PAGE_BITS) * MESSAGE);
  return { bytes, words: new Uint32Array(bytes.buffer) };
}

export class InetRecords implements InetConnections {
  count = 0;
  /** Never moved: what is copied to grow would be left to the garbage collector, which does not know that it is in a hurry. */
  readonly #pages: Page[] = [];
  /** Few distinct addresses fill a large table. By their words. */
  readonly #addresses = new Map<number | string, string>();

  /** False when the bytes cannot be one. */
  add(bytes: Buffer, start: number, end: number): boolean {
    if (end - start < MESSAGE || (bytes[start] !== AF_INET && bytes[start] !== AF_INET6)) return false;
    const page = (this.#pages[this.count >>> PAGE_BITS] ??= newPage());
    bytes.copy(page.bytes, (this.count & IN_PAGE) * MESSAGE, start, start + MESSAGE);
    this.count++;
    return true;
  }

  /** The same for those that `take` leaves. */
  addUnless(take: TakeSocket, bytes: Buffer, start: number, end: number): boolean {
    if (!this.add(bytes, start, end)) return false;
    if (take(this, this.count - 1)) this.count--;
    return true;
  }

  /** The same with what its attributes tell. */
  addWithTimes(bytes: Buffer, start: number, end: number): boolean {
    if (!this.add(bytes, start, end)) return false;
    const index = this.count - 1;
    const told = this.state(index) === TCP_LISTEN ? Number(readV6Only(bytes, start, end) ?? -1) : readIdleMs(bytes, start, end);
    this.#pages[index >>> PAGE_BITS]!.words[(index & IN_PAGE) * WORDS + TOLD] = told + 1;
    return true;
  }

  idleMs(index: number): number | undefined {
    const told = this.state(index) === TCP_LISTEN ? 0 : this.#word(index, TOLD);
    return told === 0 ? undefined : told - 1;
  }

  v6Only(index: number): boolean | undefined {
    const told = this.state(index) === TCP_LISTEN ? this.#word(index, TOLD) : 0;
    return told === 0 ? undefined : told === 2;
  }

  #word(index: number, offset: number): number {
    return this.#pages[index >>> PAGE_BITS]!.words[(index & IN_PAGE) * WORDS + offset]!;
  }

  inode(index: number): number {
    return this.#word(index, INODE);
  }

  isIpv6(index: number): boolean {
    return (this.#word(index, 0) & 0xff) === AF_INET6;
  }

  state(index: number): number {
    return (this.#word(index, 0) >>> 8) & 0xff;
  }

  localPort(index: number): number {
    const ports = this.#word(index, PORTS);
    return ((ports & 0xff) << 8) | ((ports >>> 8) & 0xff);
  }

  remotePort(index: number): number {
    const ports = this.#word(index, PORTS);
    return ((ports >>> 8) & 0xff00) | (ports >>> 24);
  }

  receiveQueue(index: number): number {
    return this.#word(index, RECEIVE_QUEUE);
  }

  sendQueue(index: number): number {
    return this.#word(index, SEND_QUEUE);
  }

  uid(index: number): number {
    return this.#word(index, UID);
  }

  localAddress(index: number): string {
    return this.#address(index, LOCAL);
  }

  remoteAddress(index: number): string {
    return this.#address(index, REMOTE);
  }

  #address(index: number, offset: number): string {
    const { bytes, words } = this.#pages[index >>> PAGE_BITS]!;
    const from = (index & IN_PAGE) * WORDS + offset;
    const six = this.isIpv6(index);
    const key = six ? words.subarray(from, from + 4).join() : words[from]!;
    let text = this.#addresses.get(key);
    if (text === undefined) this.#addresses.set(key, (text = addressText(six ? AF_INET6 : AF_INET, bytes, from * 4)));
    return text;
  }
}
