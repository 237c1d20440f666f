/** Questions about the memory of a process. */
import type { Answer } from './answer.ts';

/** A file that is read at any position. */
export interface RandomFile {
  /** st_size; 0 for /proc/PID/mem. */
  readonly size: number;
  /** Read calls so far, and what they brought. */
  readonly reads: number;
  readonly bytes: number;
  /** @returns bytes read, fewer than `length` where nothing follows */
  read(into: Uint8Array, at: number, length: number, position: number): number;
  close(): void;
}

/** Questions about the memory of a process, read-only. Not on tapes: what is read from it is decoded first. */
export interface MemoryQuestions {
  openMemory(pid: number): Answer<RandomFile>;
  /** What it runs, also when the file was replaced since. */
  openProgram(pid: number): Answer<RandomFile>;
  /** A file that it has mapped. @param range as in its maps: `7f00-7fff` */
  openMapped(pid: number, range: string): Answer<RandomFile>;
  /** CLOCK_MONOTONIC, which processes of one host share. */
  monotonicNs(): number;
}
