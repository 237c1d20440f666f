/**
 * What many descriptors point at, in few bytes: of a socket its inode as a number, of all else the shape of its text, which many have in
 * common, and its digits. A string each would take eight times the memory, and most of 190,000 are looked at once.
 */
import { TextShapes } from './text-shapes.ts';
import type { ByteString } from './types.ts';

const SOCKET = 'socket:[';
const SOCKET_BYTES = Buffer.from(SOCKET);
const CLOSING = 0x5d;
const SLASH = 0x2f;
/** The last one of ` (deleted)`. */
const BRACKET = 0x29;
const ZERO = 0x30;
/** Inodes of sockets have 32 bits (fs/inode.c get_next_ino). What is written otherwise is kept as text. */
const MOST = 0xffffffff;
const MOST_DIGITS = 10;
/** Bytes of digits to begin with for each descriptor; what is not used takes no memory. */
const BYTES_EACH = 16;

/** Ascending by number, as they are added. */
export class PackedLinks {
  numbers: Int32Array;
  size = 0;
  /** How many of them are sockets. */
  sockets = 0;
  readonly #shapes = new TextShapes();
  /** Of a socket 1. */
  #kinds: Uint8Array;
  /** Inodes of sockets, of all else the number of the shape. */
  #values: Uint32Array;
  /** Where the digits of each end; a socket has none. */
  #ends: Uint32Array;
  #digits: Buffer;
  #filled = 0;

  /** @param most so many are expected */
  constructor(most: number) {
    this.numbers = new Int32Array(most);
    this.#kinds = new Uint8Array(most);
    this.#values = new Uint32Array(most);
    this.#ends = new Uint32Array(most);
    this.#digits = Buffer.allocUnsafeSlow(Math.max(1, most) * BYTES_EACH);
  }

  add(fd: number, text: ByteString): void {
    const bytes = Buffer.from(text, 'latin1');
    this.addBytes(fd, bytes, bytes.length);
  }

  /** The same from the first `length` bytes of `from`. */
  addBytes(fd: number, from: Buffer, length: number): void {
    const inode = socketInode(from, length);
    if (inode !== 0) {
      this.sockets++;
      this.#close(fd, 1, inode);
      return;
    }
    const shape = this.#shapes.add(from, length);
    this.#makeRoom(2 * length);
    this.#filled += this.#shapes.copyDigits(this.#digits, this.#filled);
    this.#close(fd, 0, shape);
  }

  #close(fd: number, kind: number, value: number): void {
    if (this.size === this.numbers.length) this.#widen();
    const index = this.size++;
    this.numbers[index] = fd;
    this.#kinds[index] = kind;
    this.#values[index] = value;
    this.#ends[index] = this.#filled;
  }

  #widen(): void {
    const room = 2 * this.size + 1;
    this.numbers = widened(this.numbers, new Int32Array(room));
    this.#kinds = widened(this.#kinds, new Uint8Array(room));
    this.#values = widened(this.#values, new Uint32Array(room));
    this.#ends = widened(this.#ends, new Uint32Array(room));
  }

  #makeRoom(length: number): void {
    if (this.#filled + length <= this.#digits.length) return;
    const larger = Buffer.allocUnsafeSlow(2 * this.#digits.length + length);
    this.#digits.copy(larger, 0, 0, this.#filled);
    this.#digits = larger;
  }

  /** Inode of the socket at this index; 0 for what is none. */
  inodeAt(index: number): number {
    return this.#kinds[index] === 1 ? this.#values[index]! : 0;
  }

  /** How many shapes there are: those of texts that differ in nothing but their digits are one. */
  get shapes(): number {
    return this.#shapes.size;
  }

  /** The number of the shape of a text, from 0; not of a socket. */
  shapeAt(index: number): number {
    return this.#values[index]!;
  }

  /** A shape, each run of digits as `0`. */
  shapeText(shape: number): ByteString {
    return this.#shapes.shapeText(shape);
  }

  /** Are these two, none of which is a socket, the same? */
  isSameText(index: number, other: number): boolean {
    const from = this.#startOf(index);
    const to = this.#ends[index]!;
    const start = this.#startOf(other);
    if (this.#values[index] !== this.#values[other] || this.#ends[other]! - start !== to - from) return false;
    for (let at = from; at < to; at++) if (this.#digits[at] !== this.#digits[start + at - from]) return false;
    return true;
  }

  /** Is it a path, rather than `type:[inode]` or `anon_inode:...`, and surely without the mark of a deleted file? */
  isNamedAt(index: number): boolean {
    if (this.#kinds[index] === 1) return false;
    const shape = this.#values[index]!;
    return this.#shapes.firstByte(shape) === SLASH && this.#shapes.lastByte(shape) !== BRACKET;
  }

  /** A number that is the same for equal texts, and seldom for others. Not of a socket. */
  markAt(index: number): number {
    return markOf(this.#values[index]!, this.#digits, this.#startOf(index), this.#ends[index]!);
  }

  /** The same of a text; undefined where none of these is that. */
  markOf(text: ByteString): number | undefined {
    const bytes = Buffer.from(text, 'latin1');
    const shape = this.#shapes.find(bytes, bytes.length);
    if (shape < 0) return undefined;
    this.#makeRoom(2 * bytes.length);
    return markOf(shape, this.#digits, this.#filled, this.#filled + this.#shapes.copyDigits(this.#digits, this.#filled));
  }

  textAt(index: number): ByteString {
    const value = this.#values[index]!;
    return this.#kinds[index] === 1 ? `${SOCKET}${value}]` : this.#shapes.text(value, this.#digits, this.#startOf(index));
  }

  #startOf(index: number): number {
    return index === 0 ? 0 : this.#ends[index - 1]!;
  }

  socketInode(index: number): string | undefined {
    if (this.#kinds[index] === 1) return String(this.#values[index]!);
    if (this.#shapes.firstByte(this.#values[index]!) !== SOCKET_BYTES[0]) return undefined;
    const text = this.textAt(index);
    return text.startsWith(SOCKET) ? text.slice(SOCKET.length, -1) : undefined;
  }

  /** Where this number is; -1 when it is not among them. */
  indexOf(fd: number): number {
    const { numbers } = this;
    let from = 0;
    let to = this.size;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (numbers[middle]! < fd) from = middle + 1;
      else to = middle;
    }
    return from < this.size && numbers[from] === fd ? from : -1;
  }

  get(fd: number): ByteString | undefined {
    const index = this.indexOf(fd);
    return index < 0 ? undefined : this.textAt(index);
  }
}

function widened<T extends Int32Array | Uint32Array | Uint8Array>(from: T, into: T): T {
  into.set(from);
  return into;
}

function markOf(shape: number, digits: Buffer, from: number, to: number): number {
  let mark = shape;
  for (let at = from; at < to; at++) mark = (Math.imul(mark, 31) + digits[at]!) | 0;
  return mark;
}

/** 0 for what is none, or not written as the kernel does. */
function socketInode(bytes: Buffer, length: number): number {
  const digits = length - SOCKET.length - 1;
  if (digits < 1 || digits > MOST_DIGITS || bytes[0] !== SOCKET_BYTES[0] || bytes[length - 1] !== CLOSING) return 0;
  for (let at = 1; at < SOCKET.length; at++) if (bytes[at] !== SOCKET_BYTES[at]) return 0;
  let inode = 0;
  for (let at = SOCKET.length; at < length - 1; at++) {
    const digit = bytes[at]! - ZERO;
    if (digit < 0 || digit > 9 || (digit === 0 && inode === 0)) return 0;
    inode = inode * 10 + digit;
  }
  return inode <= MOST ? inode : 0;
}
