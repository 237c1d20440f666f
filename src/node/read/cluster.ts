/** Servers of a cluster: workers have stand-ins for what the primary listens at, which only the runtime's own module knows. */
import { listClustered } from '../probe/cluster.ts';
import type { RawHandle, RawList } from '../probe/raw.ts';
import type { Realm, Remote } from './remote.ts';
import { variableSeenBy } from './scopes.ts';

const CLUSTER = `(process.getBuiltinModule ?? require)('node:cluster')`;

/** An object `{json, functions}` in the target; undefined where it is no cluster, or keeps its listeners elsewhere. */
export async function remoteCluster(realm: Realm, { cluster }: Pick<RawList, 'cluster'>): Promise<Remote | undefined> {
  if (!cluster) return undefined;
  const map = await variableSeenBy(realm, [`${CLUSTER}._getServer`, `${CLUSTER}.fork`], 'handles');
  return map && (await realm.call(map, listClustered));
}

/** Listeners that were taken over get back what they lost. Returns those that no loop has. */
export function withClustered(handles: readonly RawHandle[], clustered: readonly RawHandle[]): RawHandle[] {
  const taken = new Map(clustered.flatMap((one) => (one.shared === 'primary' && one.id !== undefined ? [[one.id, one] as const] : [])));
  for (const handle of handles) {
    const found = handle.fd === undefined && handle.id !== undefined ? taken.get(handle.id) : undefined;
    if (found) Object.assign(handle, { n: 'TCP', ...found, c: handle.c });
  }
  return clustered.filter(({ shared }) => shared === 'worker');
}

/** setInterval() takes no more. */
const LONGEST_MS = 2 ** 31 - 1;

/** What keeps a worker alive for a listener of its primary is an interval of the runtime. */
export function withoutStandIns(timers: readonly RawHandle[], servers: readonly RawHandle[], isNamed: (timer: RawHandle) => boolean): RawHandle[] {
  let left = servers.length;
  return timers.filter((timer) => !(timer.repeat === LONGEST_MS && timer.ref === true && timer.stack === undefined && !isNamed(timer) && left-- > 0));
}
