import type { Fd } from './types.ts';

/** Made for the tables that somebody asks by number; most are not. */
const indexes = new WeakMap<readonly Fd[], Map<number, Fd>>();

/** What is open under this number in a table that is complete: a descriptor added later would not be found. */
export function fdAt(fds: readonly Fd[], number: number): Fd | undefined {
  let index = indexes.get(fds);
  if (!index) {
    index = new Map(fds.map((fd) => [fd.fd, fd]));
    indexes.set(fds, index);
  }
  return index.get(number);
}
