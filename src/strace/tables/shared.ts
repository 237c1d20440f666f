/**
 * Threads that were there before the log (strace -p): no clone tells that they share a table. That they do shows when one of them uses
 * what another one opened, at the same number: only -y tells that it is the same.
 */
import type { ByteString } from '../../evidence/types.ts';
import { inodeOf } from './description.ts';
import type { Model } from './model.ts';
import type { FilesTable } from './table.ts';
import type { Slot, Thread } from './types.ts';

/** Files are opened by many: so many numbers must be the same. A socket or pipe is named by its inode: one is enough. */
const SAME_FILES = 2;
/** The slot of `fd` in the table that the thread turns out to share, which is its own from then on; undefined when there is none. */
export function sharedSlot(model: Model, thread: Thread, fd: number, decoration: ByteString): Slot | undefined {
  const { table } = thread;
  if (!table.isFound || decoration === '') return undefined;
  for (const { table: other } of model.tables()) {
    if (other === table || !other.isFound || !isSame(other.slots.get(fd), decoration)) continue;
    const same = ((table.alike ??= new Map<FilesTable, Set<number>>()).get(other) ?? new Set()).add(fd);
    table.alike.set(other, same);
    if ((inodeOf(decoration) === 0 && same.size < SAME_FILES) || differs(table, other)) continue;
    model.join(table, other);
    return other.slots.get(fd);
  }
  return undefined;
}

/** Opened in this log: what was there before could be a copy of a common parent. */
function isSame(slot: Slot | undefined, decoration: ByteString): boolean {
  return slot !== undefined && slot.how === 'opened' && (inodeOf(decoration) === 0 ? slot.description.target === decoration : slot.description.inode === inodeOf(decoration));
}

/** Two numbers that are known to stand for different files. */
function differs(table: FilesTable, other: FilesTable): boolean {
  return table.slots.values().some(({ fd, description, how }) => {
    const theirs = other.slots.get(fd);
    return theirs !== undefined && how === 'opened' && description !== theirs.description;
  });
}
