/** The kernel gives out the lowest number that is free: what follows from that of numbers the log does not tell. */
import type { Fds } from './fds.ts';
import type { FilesTable } from './table.ts';
import type { OpenOptions, Thread } from './types.ts';

/** Made, with a number that the log does not tell. */
export interface Owed {
  options: OpenOptions;
  line: number;
  time: number;
}

const MOST_OWED = 256;

/** The kernel gave out `fd`: every number below is taken, and those nobody saw opened were there before. */
export function inferBelow(fds: Fds, thread: Thread, fd: number): void {
  const { table } = thread;
  if (fd < table.known) return;
  // Another thread may have got one of them and not returned yet.
  for (const user of table.users) if (user !== thread && user.pending?.matters) return;
  if (fds.isUnordered?.(table)) return;
  const missing = missingBelow(table, fd);
  const { owed } = table;
  table.owed = undefined;
  table.known = (fd | 0) + 1;
  for (const [index, below] of missing.entries()) {
    if (owed?.length === missing.length) payBack(fds, thread, below, owed[index]!);
    else fds.found(thread, below, '', 'unknown');
  }
}

function missingBelow(table: FilesTable, fd: number): number[] {
  // A wild number would cost a wild loop.
  const end = Math.min(fd, table.known + 65_536);
  const missing: number[] = [];
  for (let below = table.known; below < end; below++) if (!table.slots.has(below)) missing.push(below);
  return missing;
}

/** The number the kernel must give out next; undefined where nobody can tell. @param isWhole nothing came between the entry of the call and its return */
export function lowestFree(fds: Fds, thread: Thread, isWhole: boolean): number | undefined {
  const { table } = thread;
  for (const user of table.users) if (user !== thread && (!isWhole || user.pending?.matters)) return undefined;
  if (fds.isUnordered?.(table)) return undefined;
  for (let fd = 0; fd < table.known; fd++) if (!table.slots.has(fd)) return fd;
  return undefined;
}

/** A descriptor was made whose number is not told. An open that shows as many numbers taken as are owed shows which. */
export function owe({ line, time }: Fds, { table }: Thread, options: OpenOptions): void {
  table.owed ??= [];
  if (table.owed.length < MOST_OWED) table.owed.push({ options, line, time });
}

function payBack(fds: Fds, thread: Thread, fd: number, { options, line, time }: Owed): void {
  const slot = fds.open(thread, fd, { ...options, isLowest: false });
  slot.line = line;
  slot.time = time;
}
