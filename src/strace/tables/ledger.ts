/**
 * What each site brought in the tables where it opened, by the ticks of birth and end. Of each site the numbers of the table that opened there
 * last lie in one cache line, those of other living tables are set aside: of a log of short programs nearly all sites are used once, and then
 * again by the next program, and what that costs is to wait for memory. A table keeps nothing of its own but what was set aside.
 */
import type { Clock } from './clock.ts';
import type { Counts, Lives } from './lives.ts';

/** Words of a site. */
const WORDS = 16;
/** By the table that opened here last. */
const OPENED = 0;
const CLOSED = 1;
/** Tick of its first open, and how often ticks had become longer then. */
const FIRST = 2;
const FIRST_DOUBLINGS = 3;
/** The pair of birth and end that was counted last, how often, and how often ticks had become longer. */
const LAST_KEY = 4;
const LAST_TIMES = 5;
const DOUBLINGS = 6;
/** 1: there are other pairs, in a map. */
const HAS_COUNTS = 7;
/** By all tables. */
const ALL_OPENED = 8;
const ALL_CLOSED = 9;

const RADIX = 1024;

/** What lies in a cell, for another table to use it. */
interface Kept {
  opened: number;
  closed: number;
  first: number;
  firstDoublings: number;
  lastKey: number;
  lastTimes: number;
  doublings: number;
  counts: Counts | undefined;
}

/** What a table has in the ledger. */
export class TableLives {
  isEmpty = true;
  isOver = false;
  aside: Map<number, Kept> | undefined = undefined;
}

export class Ledger {
  private cells = new Int32Array(64 * WORDS);
  /** Whose numbers lie in the cells. */
  private readonly owners: (TableLives | undefined)[] = [];
  /** Pairs beside the last one, of sites that have `HAS_COUNTS`. */
  private readonly counts = new Map<number, Counts>();
  private readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** An open at a site, by its number. */
  opened(lives: TableLives, site: number): void {
    if (this.owners[site] !== lives) this.fetch(lives, site);
    const at = site * WORDS;
    this.cells[at + OPENED]!++;
    this.cells[at + ALL_OPENED]!++;
  }

  /** What was opened belongs to another site. */
  revoked(lives: TableLives, site: number): void {
    if (this.owners[site] !== lives) this.fetch(lives, site);
    const at = site * WORDS;
    this.cells[at + OPENED]!--;
    this.cells[at + ALL_OPENED]!--;
  }

  /** @param born tick of its birth, as long as ticks are now */
  ended(lives: TableLives, site: number, born: number): void {
    if (this.owners[site] !== lives) this.fetch(lives, site);
    const { cells, clock } = this;
    const at = site * WORDS;
    cells[at + CLOSED]!++;
    cells[at + ALL_CLOSED]!++;
    if (cells[at + DOUBLINGS] !== clock.doublings) this.rewind(site);
    const key = born * RADIX + clock.now;
    if (key !== cells[at + LAST_KEY]) {
      if (cells[at + LAST_TIMES]! > 0) this.spill(site);
      cells[at + LAST_KEY] = key;
    }
    cells[at + LAST_TIMES]!++;
  }

  /** Closed by a program that did not open it, but went on with what had. */
  closedElsewhere(site: number): void {
    this.grow(site);
    this.cells[site * WORDS + ALL_CLOSED]!++;
  }

  /** By all tables. */
  totals(site: number): { opened: number; closed: number } {
    const at = site * WORDS;
    return { opened: this.cells[at + ALL_OPENED] ?? 0, closed: this.cells[at + ALL_CLOSED] ?? 0 };
  }

  /** What a site brought in one table. */
  of(lives: TableLives, site: number): Lives {
    if (this.owners[site] !== lives) this.fetch(lives, site);
    const { cells } = this;
    const at = site * WORDS;
    if (cells[at + DOUBLINGS] !== this.clock.doublings) this.rewind(site);
    if (cells[at + LAST_TIMES]! > 0) this.spill(site);
    return { opened: cells[at + OPENED]!, closed: cells[at + CLOSED]!, first: this.clock.current(cells[at + FIRST]!, cells[at + FIRST_DOUBLINGS]!), counts: this.counts.get(site) ?? new Map() };
  }

  /** Both tables turned out to be one. @param sites how many there are */
  join(from: TableLives, into: TableLives, sites: number): void {
    for (let site = 0; site < sites; site++) {
      if (this.owners[site] !== from && from.aside?.has(site) !== true) continue;
      const theirs = this.of(from, site);
      const ours = this.of(into, site);
      const { cells } = this;
      const at = site * WORDS;
      cells[at + OPENED]! += theirs.opened;
      cells[at + CLOSED]! += theirs.closed;
      cells[at + FIRST] = Math.min(ours.first, theirs.first);
      cells[at + FIRST_DOUBLINGS] = this.clock.doublings;
      for (const [key, times] of theirs.counts) this.add(site, key, times);
    }
    this.end(from);
  }

  /** The table is gone. */
  end(lives: TableLives): void {
    lives.isOver = true;
    lives.aside = undefined;
  }

  /** The numbers of this table come into the cell. */
  private fetch(lives: TableLives, site: number): void {
    this.grow(site);
    lives.isEmpty = false;
    const last = this.owners[site];
    // Nobody asks any more what the site brought in a table that is gone.
    if (last !== undefined && !last.isOver) this.setAside(last, site);
    else if (this.cells[site * WORDS + HAS_COUNTS] === 1) this.counts.delete(site);
    this.owners[site] = lives;
    const { cells, clock } = this;
    const at = site * WORDS;
    const own = lives.aside?.get(site);
    cells[at + OPENED] = own === undefined ? 0 : own.opened;
    cells[at + CLOSED] = own === undefined ? 0 : own.closed;
    cells[at + FIRST] = own === undefined ? clock.now : own.first;
    cells[at + FIRST_DOUBLINGS] = own === undefined ? clock.doublings : own.firstDoublings;
    cells[at + LAST_KEY] = own === undefined ? -1 : own.lastKey;
    cells[at + LAST_TIMES] = own === undefined ? 0 : own.lastTimes;
    cells[at + DOUBLINGS] = own === undefined ? clock.doublings : own.doublings;
    cells[at + HAS_COUNTS] = own?.counts === undefined ? 0 : 1;
    if (own?.counts !== undefined) this.counts.set(site, own.counts);
  }

  private setAside(lives: TableLives, site: number): void {
    const aside = (lives.aside ??= new Map<number, Kept>());
    let kept = aside.get(site);
    if (kept === undefined) aside.set(site, (kept = { opened: 0, closed: 0, first: 0, firstDoublings: 0, lastKey: 0, lastTimes: 0, doublings: 0, counts: undefined }));
    const { cells } = this;
    const at = site * WORDS;
    kept.opened = cells[at + OPENED]!;
    kept.closed = cells[at + CLOSED]!;
    kept.first = cells[at + FIRST]!;
    kept.firstDoublings = cells[at + FIRST_DOUBLINGS]!;
    kept.lastKey = cells[at + LAST_KEY]!;
    kept.lastTimes = cells[at + LAST_TIMES]!;
    kept.doublings = cells[at + DOUBLINGS]!;
    kept.counts = undefined;
    if (cells[at + HAS_COUNTS] === 0) return;
    kept.counts = this.counts.get(site);
    this.counts.delete(site);
  }

  private grow(site: number): void {
    while (this.owners.length <= site) this.owners.push(undefined);
    if (this.cells.length >= (site + 1) * WORDS) return;
    const cells = new Int32Array(this.cells.length * 2);
    cells.set(this.cells);
    this.cells = cells;
    this.grow(site);
  }

  private add(site: number, key: number, times: number): void {
    let counts = this.counts.get(site);
    if (counts === undefined) this.counts.set(site, (counts = new Map()));
    counts.set(key, (counts.get(key) ?? 0) + times);
    this.cells[site * WORDS + HAS_COUNTS] = 1;
  }

  /** The last pair goes to the others. */
  private spill(site: number): void {
    const at = site * WORDS;
    this.add(site, this.cells[at + LAST_KEY]!, this.cells[at + LAST_TIMES]!);
    this.cells[at + LAST_TIMES] = 0;
  }

  /** Brings all keys to the length ticks have now. */
  private rewind(site: number): void {
    const { cells, clock } = this;
    const at = site * WORDS;
    const shift = clock.doublings - cells[at + DOUBLINGS]!;
    const keyNow = (key: number): number => (Math.floor(key / RADIX) >> shift) * RADIX + ((key % RADIX) >> shift);
    if (cells[at + LAST_TIMES]! > 0) cells[at + LAST_KEY] = keyNow(cells[at + LAST_KEY]!);
    if (cells[at + HAS_COUNTS] === 1) {
      const counts: Counts = new Map();
      for (const [key, times] of this.counts.get(site)!) counts.set(keyNow(key), (counts.get(keyNow(key)) ?? 0) + times);
      this.counts.set(site, counts);
    }
    cells[at + DOUBLINGS] = clock.doublings;
  }
}
