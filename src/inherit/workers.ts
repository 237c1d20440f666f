/** Listeners that only the workers of a process hold: masters that leave listening to them (haproxy -W, clusters of Node). */
import type { Evidence } from '../evidence/types.ts';
import { isPid } from '../kernel/process.ts';
import type { Process, SocketRow } from '../kernel/types.ts';
import { nameOf } from './listeners.ts';
import type { Listener } from './model.ts';

const DELETED = / \(deleted\)$/;
const MOST_WORKERS = 32;
const MOST_THREADS = 64;
const MOST_DESCENDANTS = 256;

/**
 * @param listening all sockets of its network that listen
 * @param known inodes that the process holds itself
 */
export function listenersOfWorkers(evidence: Evidence, process: Process, listening: readonly SocketRow[], known: ReadonlySet<string>): Listener[] {
  const exeOf = (pid: number): string | undefined => evidence.readlink(`/proc/${pid}/exe`).value?.replace(DELETED, '');
  const workers = descendants(evidence, process.pid).filter((pid) => exeOf(pid) === process.exe?.replace(DELETED, '')).slice(0, MOST_WORKERS);
  if (workers.length === 0) return [];
  const rows = listening.filter(({ inode }) => !known.has(inode));
  if (rows.length === 0) return [];
  const byLink = new Map(rows.map((row) => [`socket:[${row.inode}]`, row]));
  const found = new Map<string, Listener>();
  for (const pid of workers) {
    for (const fd of evidence.users?.findLinks(pid, [...byLink.keys()]).value ?? []) {
      const row = byLink.get(evidence.readlink(`/proc/${pid}/fd/${fd}`).value ?? '');
      if (!row) continue;
      const listener = found.get(row.inode);
      if (!listener) found.set(row.inode, { inode: row.inode, ...nameOf(row), fds: [fd], worker: pid });
      else if (listener.worker === pid) listener.fds.push(fd);
    }
  }
  return [...found.values()];
}

/** All below it, nearest first. Each thread has children of its own; empty where the kernel lists none (CONFIG_PROC_CHILDREN). */
function descendants(evidence: Evidence, pid: number): number[] {
  const found = new Set([pid]);
  for (const above of found) {
    for (const tid of (evidence.list(`/proc/${above}/task`).value ?? []).slice(0, MOST_THREADS)) {
      for (const child of (evidence.read(`/proc/${above}/task/${tid}/children`).value ?? '').split(' ')) if (isPid(child)) found.add(Number(child));
    }
    if (found.size > MOST_DESCENDANTS) break;
  }
  found.delete(pid);
  return [...found];
}
