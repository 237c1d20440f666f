/** One instance under several numbers: dup(2) makes them, and a fork inherits them. Its queue is one queue. */
import type { Evidence } from '../../evidence/types.ts';
import type { Instance } from './model.ts';

/**
 * Sorts by the order that kcmp(2) gives, and fills in `sharedWith`.
 * @returns the first of each by process and number: of these fdinfo is read, since that holds up the target
 */
export function mergeShared(evidence: Evidence, instances: readonly Instance[]): Instance[] {
  const classes: Instance[][] = [];
  for (const one of instances) {
    let from = 0;
    let to = classes.length;
    let isSame = false;
    while (from < to && !isSame) {
      const middle = (from + to) >>> 1;
      const other = classes[middle]![0]!;
      const order = evidence.users?.descriptionOrder(other.process.pid, other.fd, one.process.pid, one.fd).value;
      // Where it cannot be asked each counts as its own.
      if (order === undefined) from = to = classes.length;
      else if (order === 0) {
        classes[middle]!.push(one);
        isSame = true;
      } else if (order < 0) from = middle + 1;
      else to = middle;
    }
    if (!isSame) classes.splice(from, 0, [one]);
  }
  for (const members of classes) {
    members.sort((a, b) => a.process.pid - b.process.pid || a.fd - b.fd);
    for (const one of members) one.sharedWith = members.filter((other) => other !== one).map(({ process, fd }) => ({ pid: process.pid, fd }));
  }
  return classes.map(([first]) => first!).sort((a, b) => instances.indexOf(a) - instances.indexOf(b));
}

/** Gives the others what was read of the first. */
export function shareWatches(firsts: readonly Instance[], instances: readonly Instance[]): void {
  const byKey = new Map(instances.map((one) => [`${one.process.pid}:${one.fd}`, one]));
  for (const { sharedWith, watches, queue, maxWd, added, watchesAtStart } of firsts) {
    for (const { pid, fd } of sharedWith) {
      const other = byKey.get(`${pid}:${fd}`)!;
      other.maxWd = maxWd;
      if (watches) other.watches = watches.map((watch) => ({ ...watch, pid, fd }));
      if (queue) other.queue = queue;
      if (added !== undefined) Object.assign(other, { added, watchesAtStart });
    }
  }
}

/** Is it the one that stands for all that share it? */
export function isFirst({ pid, fd, sharedWith = [] }: { pid: number; fd: number; sharedWith?: readonly { pid: number; fd: number }[] }): boolean {
  return sharedWith.every((other) => pid < other.pid || (pid === other.pid && fd < other.fd));
}
