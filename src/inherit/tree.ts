/** Generations of a service are whoever holds its listeners, whatever they are called: found by inode. */
import type { ByteString, Evidence } from '../evidence/types.ts';
import { listPids } from '../kernel/process.ts';
import { parseImage } from '../kernel/proc/image.ts';
import { scanInet } from '../kernel/proc/net-inet.ts';
import { scanUnix } from '../kernel/proc/net-unix.ts';
import { ProcessTree } from '../kernel/process-tree.ts';

/** TCP_LISTEN of include/net/tcp_states.h. */
const LISTEN = 10;

/** The main processes of each generation: of those that hold a listener of `pids`, those that are no workers of another. */
export function holdersOfListeners(evidence: Evidence, pids: readonly number[]): number[] {
  const links = new Set<ByteString>();
  for (const pid of pids) {
    const held = new Set((evidence.list(`/proc/${pid}/fd`).value ?? []).map((fd) => evidence.readlink(`/proc/${pid}/fd/${fd}`).value));
    for (const inode of listeningIn(evidence, pid)) if (held.has(`socket:[${inode}]`)) links.add(`socket:[${inode}]`);
  }
  if (links.size === 0) return [...pids];
  const all = listPids(evidence).filter((pid) => (evidence.users?.findLinks(pid, [...links]).value?.length ?? 0) > 0);
  const tree = new ProcessTree(evidence);
  const exeOf = (pid: number): string | undefined => evidence.readlink(`/proc/${pid}/exe`).value?.replace(/ \(deleted\)$/, '');
  // A worker has a parent of the same program among them, unless that parent is an older generation that started it by exec.
  return all.filter((pid) => {
    const parent = tree.parents.get(pid);
    return parent === undefined || !all.includes(parent) || exeOf(parent) !== exeOf(pid) || !isFork(evidence, parent, pid);
  });
}

/** The same addresses of stack and arguments: no exec lies between. */
function isFork(evidence: Evidence, a: number, b: number): boolean {
  const [one, other] = [a, b].map((pid) => parseImage(evidence.read(`/proc/${pid}/stat`).value ?? '')?.placed ?? '');
  return one !== '' && one === other;
}

/** Inodes of sockets in state LISTEN (0A) of its network namespace, and of unix sockets that accept (flag 00010000). */
function listeningIn(evidence: Evidence, pid: number): string[] {
  const inodes: string[] = [];
  for (const protocol of ['tcp', 'tcp6'] as const) {
    scanInet(evidence.read(`/proc/${pid}/net/${protocol}`).value ?? '', protocol, ({ inode }) => inodes.push(inode), (_inode, state) => state === LISTEN);
  }
  scanUnix(evidence.read(`/proc/${pid}/net/unix`).value ?? '', ({ inode, state }) => void (state === 'LISTEN' && inodes.push(inode)));
  return inodes;
}
