/** All links of a large table without a list of its names: to make and to sort 19,000 of them costs as much as half of the links. */
import { readlinkSync } from 'node:fs';
import { errnoOf } from './errno.ts';
import { type FdLinks, openFdLinks } from './native/fd-links.ts';
import { giveBackFreed } from './own-heap.ts';
import type { PackedLinks } from './packed-links.ts';
import { expectShortRun } from './short-run.ts';
import type { Errno, LinkWalk } from './types.ts';

/** Numbers are given from the lowest on, so that tables have few gaps. In one with more than this, and a part of what was found, names are listed. */
const GAPS = 64;
const GAPS_PART = 1 / 32;

/**
 * Asks for number after number until as many are found as are open, then lists what is open behind the last: each number is so looked at
 * once, as where all are listed first.
 * @param directory `/proc/PID/fd`
 * @param open how many there are, about
 * @returns undefined where that cannot be done
 */
export function walkLinks(directory: string, open: number, into: PackedLinks): LinkWalk | undefined {
  expectShortRun();
  let links: FdLinks | null = null;
  try {
    links = openFdLinks(directory, open);
  } catch {
    // Whoever lists it instead is refused, too, and says so.
  }
  if (!links) return undefined;
  giveBackFreed();
  return new Walk(directory, links, open, into);
}

class Walk implements LinkWalk {
  readonly errnos = new Map<number, Errno>();
  readonly #directory: string;
  readonly #links: FdLinks;
  readonly #open: number;
  readonly #into: PackedLinks;
  #number = 0;
  #gaps = 0;
  /** The rest, when it was listed, and how many of it are done. */
  #listed: number[] | undefined;
  #done = 0;

  constructor(directory: string, links: FdLinks, open: number, into: PackedLinks) {
    this.#directory = directory;
    this.#links = links;
    this.#open = open;
    this.#into = into;
  }

  next(most: number): boolean {
    let left = most;
    while (this.#listed === undefined) {
      if (left-- === 0) return true;
      const found = this.#into.size + this.errnos.size;
      if (found >= this.#open || this.#gaps > GAPS + found * GAPS_PART) {
        this.#listed = this.#links.openFrom(this.#number);
        if (this.#listed === undefined) return false;
      } else if (!this.#read(this.#number++)) this.#gaps++;
    }
    for (; this.#done < this.#listed.length; this.#done++) {
      if (left-- === 0) return true;
      this.#read(this.#listed[this.#done]!);
    }
    return false;
  }

  /** False for what is not open. */
  #read(fd: number): boolean {
    if (this.#links.pack(fd, this.#into)) return true;
    try {
      this.#into.add(fd, readlinkSync(`${this.#directory}/${fd}`, 'latin1'));
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === 'ENOENT' || errno === 'ESRCH') return false;
      this.errnos.set(fd, errno);
    }
    return true;
  }

  get isWhole(): boolean {
    return this.#listed !== undefined && this.#done === this.#listed.length;
  }

  close(): void {
    this.#links.close();
  }
}
