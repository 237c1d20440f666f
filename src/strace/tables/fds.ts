/** What calls do to one table: numbers come, go, are copied. */
import type { ByteString } from '../../evidence/types.ts';
import { Clock } from './clock.ts';
import { type Description, inodeOf } from './description.ts';
import { flat } from './flat.ts';
import { kindOf } from './kind-of.ts';
import { Ledger } from './ledger.ts';
import { inferBelow } from './lowest.ts';
import { Sites } from './sites.ts';
import { Spares } from './spares.ts';
import { FilesTable } from './table.ts';
import type { How, OpenOptions, Site, Slot, Thread } from './types.ts';

/** What the log shows of one descriptor, as it happens. For who wants every step; rules do not. */
export interface Step {
  what: 'open' | 'close' | 'dup' | 'inherit' | 'receive' | 'pass' | 'cloexec' | 'listen' | 'found';
  tid: number;
  pid: number;
  slot: Slot;
  call: string;
  line: number;
  time: number;
}

/** A number that was chosen for one program is not meant for those that a fork of it starts; a flag that was cleared is. */
const DUPLICATED = /^dup[23]$/;

export class Fds {
  readonly clock: Clock;
  readonly sites = new Sites();
  readonly ledger: Ledger;
  line = 0;
  time = NaN;
  /** Descriptors the line before made: a stack may follow that tells their site. */
  readonly fresh: Slot[] = [];
  freshCount = 0;
  /** May calls that came before still be missing in this table? */
  isUnordered: ((table: FilesTable) => boolean) | undefined;
  /** Set by whoever wants every step. */
  onStep: ((step: Step) => void) | undefined;
  /** A process ends with these numbers open. */
  onEnd: ((table: FilesTable, thread: Thread) => void) | undefined;
  /** The last number of a description that listens was closed. */
  onSilent: ((description: Description, thread: Thread) => void) | undefined;
  /** Somebody waits for connections of a listener. */
  onServe: ((description: Description, thread: Thread) => void) | undefined;
  /** A socket listens. */
  onListen: ((description: Description, thread: Thread) => void) | undefined;
  private readonly spares = new Spares();
  private tables = 0;

  constructor(isTimed: boolean) {
    this.clock = new Clock(isTimed);
    this.ledger = new Ledger(this.clock);
  }

  newTable(): FilesTable {
    return new FilesTable(++this.tables, this.clock, this.time);
  }

  open(thread: Thread, fd: number, options: OpenOptions): Slot {
    const { table } = thread;
    const known = table.slots.get(fd);
    if (known) this.replace(thread, known, options.call);
    if (options.isLowest) inferBelow(this, thread, fd);
    const description = options.description ?? this.describe(options.kind, options.target);
    if (options.decoration !== undefined && !options.description) description.inode = inodeOf(options.decoration);
    const site = this.sites.at(options.call, options.kind, options.siteWords ?? options.target);
    const slot = this.opened(thread, fd, description, options.cloexec, options.how ?? 'opened', options.call, site.id);
    if (this.onStep) this.step(options.description ? (options.how === 'received' ? 'receive' : 'dup') : 'open', thread, slot, options.call);
    return slot;
  }

  /** The same, where all is known already: the number is free, its site was found. Who wants steps is not told. @param site its number */
  opened(thread: Thread, fd: number, description: Description, cloexec: boolean | null, how: How, call: string, site: number): Slot {
    const { table } = thread;
    const slot = this.newSlot(thread, fd, description, cloexec, how, call);
    slot.site = this.sites.all[site];
    slot.counted = true;
    slot.lives = site;
    this.ledger.opened(table.lives, site);
    this.put(table, slot);
    this.fresh[this.freshCount++] = slot;
    return slot;
  }

  /** A number that must have been there before the log, or was opened unseen. */
  found(thread: Thread, fd: number, target: ByteString, kind = kindOf(target), cloexec: boolean | null = thread.table.cloexecBefore): Slot {
    const slot = this.newSlot(thread, fd, this.describe(kind, target), cloexec, 'pre-existing', '');
    this.put(thread.table, slot);
    if (this.onStep) this.step('found', thread, slot, '');
    return slot;
  }

  describe(kind: string, target: ByteString): Description {
    return this.describeFlat(kind, flat(target));
  }

  /** @param target no slice of the log */
  describeFlat(kind: string, target: ByteString): Description {
    return this.spares.file(kind, target);
  }

  private newSlot(thread: Thread, fd: number, description: Description, cloexec: boolean | null, how: How, call: string): Slot {
    const { table } = thread;
    const closed = table.closed.get(fd);
    const slot = this.spares.slot(description);
    slot.fd = fd | 0;
    slot.description = description;
    slot.cloexec = cloexec;
    slot.how = how;
    slot.site = undefined;
    slot.counted = false;
    slot.call = call;
    slot.tid = thread.tid;
    slot.tick = this.clock.now;
    slot.doublings = this.clock.doublings;
    slot.line = this.line;
    slot.time = this.time;
    slot.usedBy = 0;
    slot.usedTick = slot.tick;
    slot.usedDoublings = slot.doublings;
    slot.forks = table.forks;
    slot.assumed = false;
    slot.intended = false;
    slot.polledBy = -1;
    slot.lives = -1;
    if (closed === undefined) slot.beforeTid = 0;
    else {
      slot.beforeTid = closed.closedBy;
      slot.beforeLine = closed.closedLine;
      slot.beforeTime = closed.closedTime;
    }
    return slot;
  }

  private retire(slot: Slot | undefined): void {
    // Who wants every step may hold it.
    if (slot !== undefined && !this.onStep) this.spares.retire(slot);
  }

  private put(table: FilesTable, slot: Slot): void {
    table.slots.set(slot.fd, slot);
    if (slot.description.holders++ > 0) slot.description.isKept = true;
    if (table.slots.size > table.most) table.most = table.slots.size;
  }

  /** An open returned a number that is taken here: its close is not in the log. */
  private replace(thread: Thread, slot: Slot, call: string): void {
    if (!slot.assumed) thread.table.repairs++;
    this.close(thread, slot, call);
  }

  /** A thread makes use of it. */
  use(slot: Slot, thread: Thread): void {
    slot.usedBy = thread.tid;
    slot.usedTick = this.clock.now;
    slot.usedDoublings = this.clock.doublings;
  }

  /** The slot may be found again in `table.closed`. */
  close(thread: Thread, slot: Slot, call: string): void {
    const { table } = thread;
    table.slots.delete(slot.fd);
    this.retire(table.closed.get(slot.fd));
    table.closed.set(slot.fd, slot);
    slot.closedBy = thread.tid;
    slot.closedLine = this.line;
    slot.closedTime = this.time;
    slot.closedCall = call;
    // What came before is told by one step, not by a chain of all.
    if (slot.site && slot.counted) {
      if (slot.lives >= 0) this.ledger.ended(table.lives, slot.lives, this.clock.current(slot.tick, slot.doublings));
      else this.ledger.closedElsewhere(slot.site.id);
    }
    if (this.onStep) this.step('close', thread, slot, call);
    this.release(slot, thread);
  }

  /** The number is gone, with its close or with its process. */
  private release(slot: Slot, thread: Thread): void {
    const { description } = slot;
    description.holders--;
    if (description.holders === 0 && description.listening !== undefined && this.onSilent) this.onSilent(description, thread);
  }

  /** A second number for an open file. dup2 onto a taken number closes that silently. */
  dup(thread: Thread, from: Slot, fd: number, cloexec: boolean | null, call: string, isLowest: boolean): Slot {
    const { table } = thread;
    const known = table.slots.get(fd);
    if (known && !isLowest) this.close(thread, known, call);
    const { description } = from;
    const { kind, target } = description;
    // Without a path it goes by the words of what it is a copy of: inodes and peers make no sites.
    const siteWords = target.charCodeAt(0) === 47 ? target : (from.site?.look ?? '');
    return this.open(thread, fd, { kind, target, siteWords, cloexec, call, description, isLowest });
  }

  /** What a fork makes: same files, same flags, a table of its own. */
  copy(table: FilesTable, forks = true): FilesTable {
    const fresh = this.newTable();
    for (const slot of table.slots.values()) {
      this.put(fresh, this.inherited(slot));
    }
    fresh.known = table.known;
    fresh.cloexecBefore = table.cloexecBefore;
    fresh.repairs = table.repairs;
    if (forks) table.forks++;
    return fresh;
  }

  private inherited(slot: Slot): Slot {
    const own = Object.assign(this.spares.slot(slot.description), slot);
    if (own.how !== 'pre-existing') own.how = 'inherited';
    own.counted = false;
    own.usedBy = 0;
    own.forks = 0;
    own.intended &&= !DUPLICATED.test(own.call);
    own.isKept = false;
    own.closing = false;
    own.lives = -1;
    return own;
  }

  /** A copy that nobody came to use. */
  discard(table: FilesTable): void {
    for (const { description } of table.slots.values()) description.holders--;
  }

  /** Nobody uses the table any more: its numbers are gone, and what stood for them can be used again. */
  end(table: FilesTable, thread: Thread): void {
    this.onEnd?.(table, thread);
    for (const slot of table.slots.values()) {
      this.release(slot, thread);
      this.retire(slot);
    }
    for (const slot of table.closed.values()) this.retire(slot);
    this.ledger.end(table.lives);
  }

  /** The slot belongs to another site: its stack has been read. */
  moveTo(table: FilesTable, slot: Slot, site: Site): void {
    if (slot.lives >= 0) this.ledger.revoked(table.lives, slot.lives);
    slot.site = site;
    slot.lives = site.id;
    this.ledger.opened(table.lives, site.id);
  }

  step(what: Step['what'], thread: Thread, slot: Slot, call: string): void {
    this.onStep!({ what, tid: thread.tid, pid: thread.pid, slot, call, line: this.line, time: this.time });
  }
}
