/**
 * Rows of inet_diag kept as they came (struct inet_diag_msg, include/uapi/linux/inet_diag.h), one behind the other: read in place,
 * 50,000 of them cost nothing until somebody asks. Little endian, as all of netlink here.
 */
import type { InetSockets } from '../types.ts';
import { AF_INET, AF_INET6, addressText } from './address.ts';
import { MESSAGE } from './inet-diag.ts';

/** The message in words of 32 bits, and where in it what is. */
const WORDS = MESSAGE / 4;
const PORTS = 1;
const LOCAL = 2;
const REMOTE = 6;
const RECEIVE_QUEUE = 14;
const SEND_QUEUE = 15;
const UID = 16;
const INODE = 17;

export class InetRecords implements InetSockets {
  count = 0;
  #bytes = Buffer.allocUnsafeSlow(256 * MESSAGE);
  #words = new Uint32Array(this.#bytes.buffer);
  /** Few distinct addresses fill a large table. By their words. */
  readonly #addresses = new Map<number | string, string>();

  /** False when the bytes cannot be one. */
  add(bytes: Buffer, start: number, end: number): boolean {
    if (end - start < MESSAGE || (bytes[start] !== AF_INET && bytes[start] !== AF_INET6)) return false;
    const at = this.count * MESSAGE;
    if (at === this.#bytes.length) this.#grow();
    bytes.copy(this.#bytes, at, start, start + MESSAGE);
    this.count++;
    return true;
  }

  #grow(): void {
    const larger = Buffer.allocUnsafeSlow(2 * this.#bytes.length);
    this.#bytes.copy(larger);
    this.#bytes = larger;
    this.#words = new Uint32Array(larger.buffer);
  }

  #word(index: number, offset: number): number {
    return this.#words[index * WORDS + offset]!;
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
    const from = index * WORDS + offset;
    const six = this.isIpv6(index);
    const key = six ? this.#words.subarray(from, from + 4).join() : this.#words[from]!;
    let text = this.#addresses.get(key);
    if (text === undefined) this.#addresses.set(key, (text = addressText(six ? AF_INET6 : AF_INET, this.#bytes, from * 4)));
    return text;
  }
}
