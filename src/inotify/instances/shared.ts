/** One instance in several processes: a fork inherits it, and its queue is one queue. */
import type { Evidence } from '../../evidence/types.ts';
import type { Instance } from './model.ts';

/** Pairs that are compared at most. */
const MOST_PAIRS = 2000;

/** Only instances with the very same watches can be one: those are compared by kcmp. */
export function findShared(evidence: Evidence, instances: readonly Instance[]): void {
  const bySight = new Map<string, Instance[]>();
  for (const instance of instances) {
    const sight = `${instance.maxWd} ${instance.watches?.length} ${instance.watches?.slice(0, 4).map(({ wd, ino }) => `${wd}:${ino}`).join(' ')}`;
    bySight.set(sight, [...(bySight.get(sight) ?? []), instance]);
  }
  let pairs = 0;
  for (const group of bySight.values()) {
    for (const [index, one] of group.entries()) {
      for (const other of group.slice(index + 1)) {
        if (one.process.pid === other.process.pid || ++pairs > MOST_PAIRS) continue;
        if (evidence.sameDescription(one.process.pid, one.fd, other.process.pid, other.fd).value !== true) continue;
        one.sharedWith.push({ pid: other.process.pid, fd: other.fd });
        other.sharedWith.push({ pid: one.process.pid, fd: one.fd });
      }
    }
  }
}
