/** Unix listeners whose path leads nowhere any more: who connects by it gets ENOENT, though somebody listens. */
import type { Evidence } from '../evidence/types.ts';
import { resolveInRoot } from '../kernel/in-root.ts';
import type { ListenAddress } from './model.ts';

/** Each is some system calls. */
const MOST_PATHS = 256;

/** Of this host now: tapes have not asked so. Names without a folder are relative to a working directory, abstract ones are no files. */
export function findGonePaths(evidence: Evidence, addresses: readonly ListenAddress[]): void {
  if (evidence.origin !== 'live') return;
  for (const address of addresses.filter(({ path }) => path?.startsWith('/')).slice(0, MOST_PATHS)) {
    const pid = address.listeners[0]?.owners[0]?.process.pid;
    if (pid !== undefined && resolveInRoot(evidence.inotify, pid, address.path!).errno === 'ENOENT') address.gone = true;
  }
}
