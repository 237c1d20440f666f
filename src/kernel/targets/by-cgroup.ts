import type { Evidence } from '../../evidence/types.ts';
import { parseCgroup } from '../proc/cgroup.ts';
import type { CgroupOrigin } from '../types.ts';
import { UserError } from '../user-error.ts';
import { type Asked, notFound, pidsToSearch } from './search.ts';
import type { ResolvedTarget } from './types.ts';

/** `unit:nginx.service` (`.service` may be left out): every process in the unit's cgroup. */
export function byUnit(evidence: Evidence, spec: string, command: string): ResolvedTarget {
  const asked = spec.slice('unit:'.length);
  if (asked === '') throw new UserError('unit: needs a name, as in unit:nginx.service');
  const unit = /\.(service|scope|slice|socket|mount)$/.test(asked) ? asked : `${asked}.service`;
  // A delegated unit (user@1000.service) has units below it: the path says so, the innermost name does not.
  const pids = inCgroup(evidence, (origin) => origin.unit === unit || origin.path.split('/').includes(unit));
  return found(evidence, { spec, command }, `unit ${unit}`, pids, `no process runs in unit ${unit}`, ['systemctl list-units --type=service --state=running']);
}

/** `container:ID`: a container id or the first characters of it. */
export function byContainer(evidence: Evidence, spec: string, command: string): ResolvedTarget {
  const id = spec.slice('container:'.length);
  if (id === '') throw new UserError('container: needs an id, as in container:4f2a9c1b');
  const ids = new Set<string>();
  const pids = inCgroup(evidence, (origin) => {
    const matches = origin.container?.startsWith(id) ?? false;
    if (matches) ids.add(origin.container!);
    return matches;
  });
  if (ids.has(id)) return { spec, name: `container ${id}`, pids: inCgroup(evidence, (origin) => origin.container === id) };
  if (ids.size > 1) {
    throw new UserError(`${ids.size} containers begin with ${id}; give more of the id`, { hints: [...ids].map((full) => `container:${full.slice(0, 16)}`) });
  }
  return found(evidence, { spec, command }, `container ${id}`, pids, `no process runs in container ${id}`, ['container ids are those of /proc/PID/cgroup: the long ids of docker ps --no-trunc or crictl ps']);
}

const PODS_LOGS = '/var/log/pods';

/**
 * `pod:NAMESPACE/NAME` or `pod:UID` (of a static pod: its hash). Cgroups know uids only; the kubelet's log directory `<namespace>_<name>_<uid>` gives the uid.
 */
export function byPod(evidence: Evidence, spec: string, command: string): ResolvedTarget {
  const asked = spec.slice('pod:'.length);
  const uids = /^([0-9a-f-]{36}|[0-9a-f]{32})$/i.test(asked) ? [asked.toLowerCase()] : podUids(evidence, asked);
  const pids = inCgroup(evidence, (origin) => origin.pod !== undefined && uids.includes(origin.pod));
  return found(evidence, { spec, command }, `pod ${asked}`, pids, `no process runs in pod ${asked}`, ['pods are found on their own node only, from the host pid namespace']);
}

function podUids(evidence: Evidence, asked: string): string[] {
  const match = /^([^/]+)\/([^/]+)$/.exec(asked);
  if (!match) throw new UserError(`not a pod: ${asked} (use pod:NAMESPACE/NAME or pod:UID)`);
  const logs = evidence.list(PODS_LOGS);
  if (!logs.value) {
    throw new UserError(`pod:${asked}: ${PODS_LOGS} could not be read (${logs.errno}), so the name cannot be turned into a uid`, {
      exitCode: 3,
      hints: [`kubectl get pod -n ${match[1]} ${match[2]} -o jsonpath={.metadata.uid}   # then pod:UID`],
    });
  }
  const prefix = `${match[1]}_${match[2]}_`;
  return logs.value.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
}

function inCgroup(evidence: Evidence, matches: (origin: CgroupOrigin) => boolean): number[] {
  return pidsToSearch(evidence).filter((pid) => {
    const origin = parseCgroup(evidence.read(`/proc/${pid}/cgroup`).value ?? '');
    return origin !== null && matches(origin);
  });
}

function found(evidence: Evidence, asked: Asked, name: string, pids: number[], nothing: string, hints: string[]): ResolvedTarget {
  if (pids.length === 0) throw notFound(evidence, asked, nothing, hints);
  return { spec: asked.spec, name, pids };
}
