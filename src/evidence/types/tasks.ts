import type { Answer, ByteString } from './answer.ts';

/** What a lock holds. */
export interface LockWords {
  /** Threads by number in their own pid namespace, which need not be what it says: whoever asks knows the threads. */
  owner: number;
}

/**
 * Questions about what threads passed to the system call that they wait in. Class B: reading the memory of a process takes a lock of
 * its own. On a tape is what was found there, never the memory.
 */
export interface TaskQuestions {
  /** Numbers of its threads. Class A. On a tape the first such question begins the looks at them, which stand behind whatever else was recorded. */
  tidsOf(pid: number): Answer<number[]>;
  /** The path at each address, up to its NUL; in the order of `addresses` (decimal). */
  pathsAt(pid: number, addresses: readonly string[]): Promise<Answer<ByteString>[]>;
  /** The descriptors of each array of pollfd, as poll(2) takes it; in the order of `polls`. */
  polledAt(pid: number, polls: readonly PolledAt[]): Promise<Answer<number[]>[]>;
  /** Who has the lock whose futex word is at each address. ENODATA where it is free, or none that names who has it. */
  locksAt(pid: number, addresses: readonly string[]): Promise<Answer<LockWords>[]>;
}

export interface PolledAt {
  address: string;
  count: number;
}
