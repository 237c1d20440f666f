/** All inotify instances of all processes that we may look at. */
import type { ByteString, Evidence } from '../../evidence/types.ts';
import { countOpen, listPids } from '../process.ts';
import { parseStat } from '../proc/stat.ts';
import { type ProcStatus, parseStatus } from '../proc/status.ts';
import type { HiddenProcess, InotifyFd, Watcher } from './types.ts';

/** The link of an instance: it has no brackets, unlike all others of its kind, but may get them one day. */
const LINKS = ['anon_inode:inotify', 'anon_inode:[inotify]'];
/** How long signals may wait, ms. */
const TURN_MS = 20;

export interface Scan {
  held: InotifyFd[];
  hidden: HiddenProcess[];
  seen: number;
  notRecorded: number;
  stopped: boolean;
}

/** Links only: nothing that could wait for a lock of a process. */
export async function scanProcesses(evidence: Evidence, signal: AbortSignal, ownNamespace: string): Promise<Scan> {
  const scan: Scan = { held: [], hidden: [], seen: 0, notRecorded: 0, stopped: false };
  let turn = evidence.now();
  for (const pid of listPids(evidence)) {
    if (evidence.now() - turn > TURN_MS) {
      await new Promise((resolve) => setImmediate(resolve));
      turn = evidence.now();
    }
    if (signal.aborted) {
      scan.stopped = true;
      break;
    }
    const found = evidence.users?.findLinks(pid, LINKS);
    if (found?.value) {
      scan.seen++;
      const watcher = found.value.length > 0 ? readWatcher(evidence, pid, ownNamespace) : null;
      if (watcher) for (const fd of found.value) scan.held.push({ watcher, fd });
    } else if (found?.errno === 'ENOTRECORDED') scan.notRecorded++;
    else if (found?.errno !== 'ENOENT' && found?.errno !== 'ESRCH') noteHidden(evidence, pid, scan);
  }
  return scan;
}

function readWatcher(evidence: Evidence, pid: number, ownNamespace: string): Watcher | null {
  const stat = parseStat(evidence.read(`/proc/${pid}/stat`).value ?? '');
  const status = parseStatus(evidence.read(`/proc/${pid}/status`).value ?? '');
  if (!stat || !status) return null;
  const exe = evidence.readlink(`/proc/${pid}/exe`).value;
  const userns = userNamespaceOf(evidence, pid);
  return {
    pid,
    ppid: stat.ppid,
    startTime: stat.startTime,
    comm: stat.comm,
    ...(exe !== undefined && { exe }),
    uid: status.euid,
    ...(hasChangedUser(evidence, status, userns === ownNamespace) && { changedUser: true }),
    ...(userns !== undefined && { userns }),
    ...(exe !== undefined && twinOf(evidence, stat.ppid, exe)),
  };
}

/**
 * An instance stays charged to the effective user of the moment it was made. Who began as another, as daemons do that begin as root, may
 * have made it then, or as a third in between. In other user namespaces the number of the begin is one of theirs.
 */
function hasChangedUser(evidence: Evidence, { tgid, uid, euid, savedUid }: ProcStatus, isOwnNamespace: boolean): boolean {
  if (uid !== euid || savedUid !== euid) return true;
  const began = isOwnNamespace ? evidence.users?.startedAs(tgid).value : undefined;
  return began !== undefined && began !== euid;
}

function twinOf(evidence: Evidence, parent: number, exe: ByteString): Pick<Watcher, 'twin'> {
  if (evidence.readlink(`/proc/${parent}/exe`).value !== exe) return {};
  const stat = parseStat(evidence.read(`/proc/${parent}/stat`).value ?? '');
  return stat ? { twin: { pid: parent, comm: stat.comm } } : {};
}

/** Inode of the user namespace; undefined when it may not be seen. */
export function userNamespaceOf(evidence: Evidence, pid: number | 'self'): string | undefined {
  return /^user:\[(\d+)\]$/.exec(evidence.readlink(`/proc/${pid}/ns/user`).value ?? '')?.[1];
}

/** Not permitted. Threads of the kernel and zombies have no descriptors, and nor has who has closed them all. */
function noteHidden(evidence: Evidence, pid: number, scan: Scan): void {
  const stat = parseStat(evidence.read(`/proc/${pid}/stat`).value ?? '');
  if (!stat) return;
  const open = stat.kernelThread || stat.state === 'Z' ? 0 : countOpen(evidence, pid, () => false);
  if (open === 0) {
    scan.seen++;
    return;
  }
  const status = parseStatus(evidence.read(`/proc/${pid}/status`).value ?? '');
  scan.hidden.push({ pid, uids: status ? [...new Set([status.uid, status.euid])] : [], open });
}
