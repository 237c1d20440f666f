/**
 * What many descriptors point at, in few bytes: of a socket its inode as a number, of all else the text, one behind the other. A
 * string each would take four times the memory, and most of 190,000 are looked at once.
 */
import { isAscii } from 'node:buffer';
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
/** So many bytes at the end of a path tell it from nearly all others. */
const MARKED = 16;
/** Bytes to begin with for each descriptor; what is not used takes no memory. */
const BYTES_EACH = 64;

/** So many bytes are made to text at once for who asks for one after the other: a call for each costs more, in time and in garbage. */
const WINDOW = 16 * 1024;

/** Ascending by number, as they are added. */
export class PackedLinks {
  readonly numbers: Int32Array;
  size = 0;
  /** How many of them are sockets. */
  sockets = 0;
  /** 0 for what is no socket. */
  readonly #inodes: Uint32Array;
  /** Where the text of each ends; that of a socket is empty. */
  readonly #ends: Uint32Array;
  #texts: Buffer;
  #filled = 0;
  /** Text of the bytes from `start`. */
  #window = { start: 0, text: '' };
  /** The index that was asked for last. */
  #last = 0;

  /** @param most so many can be added */
  constructor(most: number) {
    this.numbers = new Int32Array(most);
    this.#inodes = new Uint32Array(most);
    this.#ends = new Uint32Array(most);
    this.#texts = Buffer.allocUnsafeSlow(Math.max(1, most) * BYTES_EACH);
  }

  add(fd: number, text: ByteString): void {
    const inode = text.startsWith(SOCKET) ? inodeIn(text) : 0;
    if (inode === 0) {
      this.#makeRoom(text.length);
      this.#filled += this.#texts.write(text, this.#filled, 'latin1');
    }
    this.#close(fd, inode);
  }

  /** The same from the first `length` bytes of `from`. */
  addBytes(fd: number, from: Buffer, length: number): void {
    const inode = socketInode(from, length);
    if (inode === 0) {
      this.#makeRoom(length);
      from.copy(this.#texts, this.#filled, 0, length);
      this.#filled += length;
    }
    this.#close(fd, inode);
  }

  #close(fd: number, inode: number): void {
    const index = this.size++;
    if (inode !== 0) this.sockets++;
    this.numbers[index] = fd;
    this.#inodes[index] = inode;
    this.#ends[index] = this.#filled;
  }

  #makeRoom(length: number): void {
    if (this.#filled + length <= this.#texts.length) return;
    const larger = Buffer.allocUnsafeSlow(2 * this.#texts.length + length);
    this.#texts.copy(larger, 0, 0, this.#filled);
    this.#texts = larger;
  }

  /** Inode of the socket at this index; 0 for what is none. */
  inodeAt(index: number): number {
    return this.#inodes[index]!;
  }

  /** Is it a path, rather than `type:[inode]` or `anon_inode:...`, and surely without the mark of a deleted file? */
  isNamedAt(index: number): boolean {
    const from = this.#startOf(index);
    const end = this.#ends[index]!;
    return from < end && this.#texts[from] === SLASH && this.#texts[end - 1] !== BRACKET;
  }

  /** Are all texts plain ASCII? */
  get isAscii(): boolean {
    return isAscii(this.#texts.subarray(0, this.#filled));
  }

  /** A number that is the same for equal texts, and seldom for others: of its length and its last bytes. */
  markAt(index: number): number {
    const from = this.#startOf(index);
    const end = this.#ends[index]!;
    let mark = end - from;
    for (let at = Math.max(from, end - MARKED); at < end; at++) mark = (Math.imul(mark, 31) + this.#texts[at]!) | 0;
    return mark;
  }

  /** The same of a text. */
  static markOf(text: ByteString): number {
    let mark = text.length;
    for (let at = Math.max(0, text.length - MARKED); at < text.length; at++) mark = (Math.imul(mark, 31) + text.charCodeAt(at)) | 0;
    return mark;
  }

  textAt(index: number): ByteString {
    const inode = this.#inodes[index]!;
    if (inode !== 0) return `${SOCKET}${inode}]`;
    const from = this.#startOf(index);
    const end = this.#ends[index]!;
    const isNext = index > this.#last;
    this.#last = index;
    const { start, text } = this.#window;
    if (from >= start && end <= start + text.length) return text.slice(from - start, end - start);
    if (!isNext) return this.#texts.toString('latin1', from, end);
    this.#window = { start: from, text: this.#texts.toString('latin1', from, Math.max(end, Math.min(from + WINDOW, this.#filled))) };
    return this.#window.text.slice(0, end - from);
  }

  #startOf(index: number): number {
    return index === 0 ? 0 : this.#ends[index - 1]!;
  }

  socketInode(index: number): string | undefined {
    const inode = this.#inodes[index]!;
    if (inode !== 0) return String(inode);
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

function inodeIn(text: ByteString): number {
  const inode = Number(text.slice(SOCKET.length, -1));
  return inode > 0 && inode <= MOST && text === `${SOCKET}${inode}]` ? inode : 0;
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
