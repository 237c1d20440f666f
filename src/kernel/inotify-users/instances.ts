/** From descriptors to instances with their watches, each counted once. */
import type { Evidence } from '../../evidence/types.ts';
import { mergeShared } from './merge.ts';
import type { InotifyFd, Instance } from './types.ts';

/** fs/notify/fdinfo.c: a line per watch. */
const WATCH = 'inotify wd:';
/** Each batch has a deadline of its own. */
const BATCH = 32;
/** While the kernel writes fdinfo the process can add no watch (0.7 s for 190,000 of them): once each, and not for ever in all. */
const MOST_MS = 15_000;

export interface Counted {
  instances: Instance[];
  uncounted: { count: number; errno: string } | null;
  unmerged: string | null;
}

/**
 * The watches of each instance, from fdinfo of one of its holders, in at most 15 s in all; `watches` is null where they could
 * not be counted.
 */
export async function countInstances(evidence: Evidence, held: readonly InotifyFd[], signal: AbortSignal): Promise<Counted> {
  const { classes, errno } = mergeShared(evidence, held);
  const instances = classes.map((holders) => instanceOf(holders, errno !== null));
  const until = evidence.now() + MOST_MS;
  const failures: string[] = [];
  const closed = new Set<Instance>();
  for (let at = 0; at < instances.length; at += BATCH) {
    const batch = instances.slice(at, at + BATCH);
    const paths = batch.map(({ held: [one] }) => `/proc/${one!.watcher.pid}/fdinfo/${one!.fd}`);
    const isOver = signal.aborted || evidence.now() > until;
    const answers = isOver ? undefined : await evidence.users?.countLinesSlow(paths, WATCH);
    for (const [index, instance] of batch.entries()) {
      const { value, errno: why = signal.aborted ? 'EINTR' : 'ETIMEDOUT' } = answers?.[index] ?? {};
      instance.watches = value ?? null;
      if (why === 'ENOENT' || why === 'ESRCH') closed.add(instance);
      else if (value === undefined) failures.push(why);
    }
  }
  const [first] = failures;
  return { instances: instances.filter((one) => !closed.has(one)), uncounted: first === undefined ? null : { count: failures.length, errno: first }, unmerged: errno };
}

function instanceOf(held: InotifyFd[], isAssumed: boolean): Instance {
  const { watcher } = held[0]!;
  return { held, watches: null, userns: watcher.userns ?? '', uid: watcher.uid, ...(isAssumed && held.length > 1 && { sharedAssumed: true }) };
}
