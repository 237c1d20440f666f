/** Who holds the listeners, and which of the holders are of one run of a program. */
import type { Evidence, HoldersFound } from '../evidence/types.ts';
import { type CoverageLog, errnoWords } from '../kernel/coverage.ts';
import { parseImage } from '../kernel/proc/image.ts';
import { readProcess } from '../kernel/process.ts';
import { programKey } from '../kernel/services.ts';
import type { Process } from '../kernel/types.ts';
import { plural } from '../report/words.ts';
import type { Generation, ListenAddress, Owner } from './model.ts';

/** SO_REUSEPORT of so many is asked: each takes a copy of the descriptor for a moment. */
const MOST_PROBED = 64;

export interface Asking {
  evidence: Evidence;
  rerun: string;
  isRoot: boolean;
  signal: AbortSignal;
}

/** Of sockets by inode. @param source of the coverage: what others hold that may not be looked at is told, and needed by no report */
export async function findHolders({ evidence, rerun, isRoot, signal }: Asking, inodes: readonly string[], coverage: CoverageLog, source: string): Promise<HoldersFound['holders']> {
  const answer = await evidence.network?.holdersOf(inodes, signal);
  const { holders = [], seen = 0, denied = 0, stopped = false } = answer?.value ?? {};
  const errno = answer?.value ? (stopped ? 'EINTR' : undefined) : (answer?.errno ?? 'ENOTSUP');
  const fix = isRoot ? 'needs CAP_SYS_PTRACE and every right those processes have: run it on the host' : `sudo ${rerun}`;
  if (errno !== undefined) coverage.note({ source, status: stopped ? 'partial' : 'absent', seen, detail: errnoWords(errno), needed: true });
  else {
    const detail = `the descriptors of ${plural('process', denied, 'processes')} may not be read: what they hold is not told`;
    coverage.note({ source, status: denied > 0 ? 'partial' : 'ok', seen, total: seen + denied, ...(denied > 0 && { detail, fix }), needed: denied === 0 });
  }
  return holders;
}

/** Gives these addresses their owners. @returns the generations, oldest first */
export function joinOwners(evidence: Evidence, holders: HoldersFound['holders'], addresses: readonly ListenAddress[]): Generation[] {
  const byInode = new Map<string, HoldersFound['holders']>();
  for (const holder of holders) byInode.set(holder.inode, [...(byInode.get(holder.inode) ?? []), holder]);
  const processes = new Map<number, Process | null>();
  const owners: Owner[] = [];
  for (const { listeners } of addresses) {
    for (const listener of listeners) {
      for (const { pid, fd } of byInode.get(listener.inode) ?? []) {
        let process = processes.get(pid);
        if (process === undefined) processes.set(pid, (process = readProcess(evidence, pid)));
        if (!process) continue;
        const owner: Owner = { process, fd };
        listener.owners.push(owner);
        owners.push(owner);
      }
    }
  }
  return generationsOf(evidence, owners);
}

function generationsOf(evidence: Evidence, owners: readonly Owner[]): Generation[] {
  interface Run {
    members: Owner[];
    processes: Map<number, Process>;
    startTicks: number;
  }
  const byImage = new Map<string, Run>();
  for (const owner of owners) {
    const { process } = owner;
    const image = parseImage(evidence.read(`/proc/${process.pid}/stat`).value ?? '')?.placed || undefined;
    if (image === undefined) continue;
    const key = `${image} ${programKey(process)}`;
    const known: Run = byImage.get(key) ?? { members: [], processes: new Map(), startTicks: Number(process.startTime) };
    known.members.push(owner);
    known.processes.set(process.pid, process);
    known.startTicks = Math.min(known.startTicks, Number(process.startTime));
    byImage.set(key, known);
  }
  const sorted = [...byImage.values()].sort((a, b) => a.startTicks - b.startTicks || [...a.processes.keys()][0]! - [...b.processes.keys()][0]!);
  return sorted.map(({ members, processes, startTicks }, index) => {
    for (const owner of members) owner.generation = index;
    return { processes: [...processes.values()].sort((a, b) => a.pid - b.pid), startTicks };
  });
}

/** Two sockets on one address are only possible with it; of one alone its holder's copy tells. */
export function askReuseport(evidence: Evidence, addresses: readonly ListenAddress[]): void {
  let asked = 0;
  for (const { protocol, listeners } of addresses) {
    if (protocol === 'unix') continue;
    for (const listener of listeners) {
      if (listeners.length > 1) {
        listener.reuseport = true;
        continue;
      }
      const [owner] = listener.owners;
      if (!owner || asked >= MOST_PROBED) continue;
      asked++;
      const { value } = evidence.network?.reusesPort(owner.process.pid, owner.fd) ?? {};
      if (value !== undefined) listener.reuseport = value;
    }
  }
}
