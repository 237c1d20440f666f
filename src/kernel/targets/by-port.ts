import type { Evidence } from '../../evidence/types.ts';
import { whatHides } from '../hidepid.ts';
import { scanInet } from '../proc/net-inet.ts';
import { UserError } from '../user-error.ts';
import { notFound, pidsToSearch } from './search.ts';
import type { ResolvedTarget } from './types.ts';

const LISTEN = 10;

/** `:8080`: every process that holds a TCP listener on this port, in any network namespace we can see; a bound UDP socket when there is none. */
export function byPort(evidence: Evidence, spec: string, command: string): ResolvedTarget {
  const port = /^:\d{1,5}$/.test(spec) ? Number(spec.slice(1)) : 0;
  if (port < 1 || port > 65535) throw new UserError(`not a port: ${spec} (use :1 to :65535)`);
  const pids = pidsToSearch(evidence);
  const inodes = listenersOf(evidence, pids, port);
  if (inodes.size === 0) {
    throw notFound(evidence, { spec, command }, `nobody listens on port ${port}`, [
      'looked at TCP listeners and bound UDP sockets of every network namespace that is visible',
    ]);
  }
  const { holders, denied } = holdersOf(evidence, pids, inodes);
  if (holders.length === 0) {
    const hidden = whatHides(evidence);
    const why = denied === 0 && hidden !== undefined ? `/proc is mounted with ${hidden}` : `${denied} processes are not permitted`;
    throw new UserError(`port ${port} is listened on, but who holds it could not be read: ${why}`, {
      exitCode: 3,
      hints: [`sudo reloadctl ${command} ${spec}`],
    });
  }
  return { spec, name: `port ${port}`, pids: holders };
}

function listenersOf(evidence: Evidence, pids: readonly number[], port: number): Set<string> {
  const inodes = new Set<string>();
  const datagram = new Set<string>();
  for (const pid of onePerNamespace(evidence, pids)) {
    for (const protocol of ['tcp', 'tcp6'] as const) {
      scanInet(evidence.read(`/proc/${pid}/net/${protocol}`).value ?? '', protocol, (row) => void inodes.add(`socket:[${row.inode}]`), (_inode, state, local) => state === LISTEN && local === port);
    }
    for (const protocol of ['udp', 'udp6'] as const) {
      scanInet(evidence.read(`/proc/${pid}/net/${protocol}`).value ?? '', protocol, (row) => void datagram.add(`socket:[${row.inode}]`), (_inode, _state, local, remote) => local === port && remote === 0);
    }
  }
  return inodes.size > 0 ? inodes : datagram;
}

/** One process of each network namespace; those whose namespace we may not read are in ours, or we cannot tell. */
export function onePerNamespace(evidence: Evidence, pids: readonly number[]): number[] {
  const first = new Map<string, number>();
  for (const pid of pids) {
    const netns = evidence.readlink(`/proc/${pid}/ns/net`).value;
    if (netns !== undefined && !first.has(netns)) first.set(netns, pid);
  }
  return first.size > 0 ? [...first.values()] : pids.slice(0, 1);
}

function holdersOf(evidence: Evidence, pids: readonly number[], links: ReadonlySet<string>): { holders: number[]; denied: number } {
  const holders: number[] = [];
  let denied = 0;
  for (const pid of pids) {
    const listed = evidence.list(`/proc/${pid}/fd`);
    if (listed.errno === 'EACCES' || listed.errno === 'EPERM') denied++;
    if (listed.value?.some((fd) => links.has(evidence.readlink(`/proc/${pid}/fd/${fd}`).value ?? ''))) holders.push(pid);
  }
  return { holders, denied };
}
