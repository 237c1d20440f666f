/** Indexes over the descriptors of one table, made once when somebody asks and kept with the table: many look, and most for few. */
import type { Kind } from './kinds/kind.ts';
import type { Fd } from './types.ts';

/** Null where the table is in the order of its numbers, as a look makes it: then nothing is needed to find one. */
const byNumber = new WeakMap<readonly Fd[], Map<number, Fd> | null>();
const byKind = new WeakMap<readonly Fd[], Map<string, Fd[]>>();
const NONE: readonly Fd[] = [];

/** What is open under this number. The table must be complete: a descriptor added later would not be found. */
export function fdAt(fds: readonly Fd[], number: number): Fd | undefined {
  let index = byNumber.get(fds);
  if (index === undefined) byNumber.set(fds, (index = isAscending(fds) ? null : new Map(fds.map((fd) => [fd.fd, fd]))));
  return index === null ? byHalving(fds, number) : index.get(number);
}

function isAscending(fds: readonly Fd[]): boolean {
  for (let index = 1; index < fds.length; index++) if (fds[index - 1]!.fd >= fds[index]!.fd) return false;
  return true;
}

function byHalving(fds: readonly Fd[], number: number): Fd | undefined {
  let from = 0;
  let to = fds.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (fds[middle]!.fd < number) from = middle + 1;
    else to = middle;
  }
  return fds[from]?.fd === number ? fds[from] : undefined;
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
