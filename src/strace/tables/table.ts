/** One files_struct: the numbers that threads share which were made with CLONE_FILES. */
import type { ByteString } from '../../evidence/types.ts';
import type { Clock } from './clock.ts';
import type { Owed } from './lowest.ts';
import { Numbers } from './numbers.ts';
import { TableLives } from './ledger.ts';
import type { Slot, Thread } from './types.ts';

export class FilesTable {
  readonly id: number;
  readonly slots = new Numbers<Slot>();
  /** The last one of each number that was closed. */
  readonly closed = new Numbers<Slot>();
  readonly users = new Set<Thread>();
  readonly lives = new TableLives();
  /** Below this every number is known: the kernel gives out the lowest free one. */
  known = 0;
  /** What was made since the last open that tells which numbers are taken. */
  owed: Owed[] | undefined;
  /** Listeners that epoll waits for, by number. */
  polled: Map<number, { slot: Slot; data: ByteString; lastWord: number; readyAt: number }> | undefined;
  /** How often it was copied by a fork. */
  forks = 0;
  lastFork: { line: number; time: number; child: number; tid: number } | undefined;
  /** When one of its threads got a signal that may ask for a reload, µs; NaN for never, or where the log has no times. */
  signalled = NaN;
  /** What did not fit: opens of a number believed open, and the like. */
  repairs = 0;
  /** First tick, and when that was, µs. */
  readonly born: number;
  readonly bornDoublings: number;
  readonly bornTime: number;
  most = 0;
  /** The beginning of its program is in the log. */
  isComplete = false;
  /** Its first thread was there before the log: others may be too that use it. */
  isFound = false;
  /** Tables that showed the same files at the same numbers, and at which numbers. */
  alike: Map<FilesTable, Set<number>> | undefined;
  /** CLOEXEC of what is found to have been there before: false once an exec has sorted them. */
  cloexecBefore: boolean | null = null;

  constructor(id: number, clock: Clock, time: number) {
    this.id = id;
    this.born = clock.now;
    this.bornDoublings = clock.doublings;
    this.bornTime = time;
  }
}
