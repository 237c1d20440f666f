/**
 * Files read at any position: the memory of a process, the program it runs, a core file. Opened for reading only. A page that
 * is not there (a hole between mappings, memory of a process that ended) is a short read, as the kernel has it.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { errnoOf } from './errno.ts';
import type { Answer, MemoryQuestions, RandomFile } from './types.ts';

/** O_NONBLOCK: what turns out to be a FIFO must not hold us. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

class OpenFile implements RandomFile {
  reads = 0;
  bytes = 0;
  readonly size: number;
  readonly #fd: number;
  #open = true;

  constructor(fd: number, size: number) {
    this.#fd = fd;
    this.size = size;
  }

  read(into: Uint8Array, at: number, length: number, position: number): number {
    let got = 0;
    try {
      while (got < length) {
        this.reads++;
        const more = readSync(this.#fd, into, at + got, length - got, position + got);
        if (more === 0) break;
        got += more;
      }
    } catch {
      // EIO: nothing is mapped there. What was read before is right.
    }
    this.bytes += got;
    return got;
  }

  close(): void {
    if (this.#open) closeSync(this.#fd);
    this.#open = false;
  }
}

/** @param regular anything but a regular file is EINVAL: opening a device may already do something */
function open(path: string, regular: boolean, now: () => number): Answer<RandomFile> {
  try {
    const fd = openSync(path, FLAGS);
    const stat = fstatSync(fd);
    if (!regular || stat.isFile()) return { value: new OpenFile(fd, stat.size), at: now(), source: path };
    closeSync(fd);
    return { errno: 'EINVAL', at: now(), source: path };
  } catch (error) {
    return { errno: errnoOf(error), at: now(), source: path };
  }
}

/** /proc/PID/mem asks for the rights of ptrace and attaches to nothing: the process does not notice (fs/proc/base.c mem_open). */
export function liveMemory(now: () => number): MemoryQuestions {
  return {
    openMemory: (pid) => open(`/proc/${pid}/mem`, false, now),
    openProgram: (pid) => open(`/proc/${pid}/exe`, true, now),
    openMapped: (pid, range) => open(`/proc/${pid}/map_files/${range}`, true, now),
    monotonicNs: () => {
      const [seconds, nanoseconds] = process.hrtime();
      return seconds * 1e9 + nanoseconds;
    },
  };
}

/** A file that the user names: a core file, a program. */
export function openRandomFile(path: string): Answer<RandomFile> {
  return open(path, true, () => 0);
}
