/**
 * Who waits for a sync.Cond: those in its list (sync/cond.go Cond {L 0, notify 16}, runtime/sema.go notifyList {wait 0, notify 4,
 * lock 8, head 16, tail 24}, sudog {g 0, next 8}: the same from 1.18 to 1.27).
 */
import { MOST_ADDRESS, type Space, Words } from './space.ts';

const NOTIFY = 16;
const HEAD = 16;
const SUDOG = 16;
const MOST_WAITING = 2 ** 31;
/** A list is walked link by link: those behind so many are not looked for. */
const MOST_WAITERS = 20_000;
/** It changes while we read: it is walked anew for those that are not in it, but not for each of them. */
const MOST_WALKS = 8;

export class Conds {
  private readonly space: Space;
  private readonly isGoroutine: (address: number) => boolean;
  private readonly lists = new Map<number, { members: Set<number>; walks: number }>();
  private readonly sudog = new Words(SUDOG);

  /** @param isGoroutine is there a runtime.g at this address? */
  constructor(space: Space, isGoroutine: (address: number) => boolean) {
    this.space = space;
    this.isGoroutine = isGoroutine;
  }

  /** The Cond when `pointer` leads to it, or to the list in it, and this goroutine is in that list. @param words 48 bytes from `pointer` on */
  address(pointer: number, words: Words, at: number, g: number): number | undefined {
    if (this.isList(words, at + NOTIFY, g)) return pointer;
    return this.isList(words, at, g) ? pointer - NOTIFY : undefined;
  }

  /** Of one waiter head and tail are the same: more have begun to wait than were woken tells where the list begins. */
  private isList(words: Words, at: number, g: number): boolean {
    const waiting = (words.half(at) - words.half(at + 4)) >>> 0;
    return waiting > 0 && waiting < MOST_WAITING && this.holds(words.word(at + HEAD), g);
  }

  private holds(head: number, g: number): boolean {
    if (!(head > 4096 && head < MOST_ADDRESS && head % 8 === 0)) return false;
    let list = this.lists.get(head);
    if (!list) this.lists.set(head, (list = { members: new Set(), walks: 0 }));
    while (!list.members.has(g)) {
      if (list.walks >= MOST_WALKS) return false;
      list.walks++;
      list.members = this.membersOf(head);
      // What is no list now will be none for the next one.
      if (list.members.size === 0) list.walks = MOST_WALKS;
    }
    return true;
  }

  /** Empty when it is none. */
  private membersOf(head: number): Set<number> {
    const members = new Set<number>();
    for (let at = head; at !== 0 && members.size < MOST_WAITERS; at = this.sudog.word(8)) {
      if (this.space.read(at, this.sudog.bytes, 0, SUDOG) < SUDOG) break;
      const g = this.sudog.word(0);
      if (!this.isGoroutine(g) || members.has(g)) break;
      members.add(g);
    }
    return members;
  }
}
