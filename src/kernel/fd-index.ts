/** Indexes over the descriptors of one table, made once when somebody asks and kept with the table: many look, and most for few. */
import type { Kind } from './kinds/kind.ts';
import type { Fd } from './types.ts';

const byNumber = new WeakMap<readonly Fd[], Map<number, Fd>>();
const byKind = new WeakMap<readonly Fd[], Map<string, Fd[]>>();
const NONE: readonly Fd[] = [];

/** What is open under this number. The table must be complete: a descriptor added later would not be found. */
export function fdAt(fds: readonly Fd[], number: number): Fd | undefined {
  let index = byNumber.get(fds);
  if (!index) {
    index = new Map();
    for (const fd of fds) index.set(fd.fd, fd);
    byNumber.set(fds, index);
  }
  return index.get(number);
}

/** By name of the kind, in their order, each kind in the order of its first. */
export function fdsByKind(fds: readonly Fd[]): ReadonlyMap<string, readonly Fd[]> {
  let index = byKind.get(fds);
  if (!index) {
    index = new Map();
    for (const fd of fds) {
      const members = index.get(fd.kind);
      if (members) members.push(fd);
      else index.set(fd.kind, [fd]);
    }
    byKind.set(fds, index);
  }
  return index;
}

/** Those of one kind. */
export function fdsOf<D>(fds: readonly Fd[], kind: Kind<D>): readonly Fd<D>[] {
  return (fdsByKind(fds).get(kind.name) ?? NONE) as readonly Fd<D>[];
}
