/** Pid files and locks: what else a reload script stumbles over. */
import type { ByteString, Evidence } from '../evidence/types.ts';
import { encodeText } from '../kernel/text.ts';
import { isLockOn, parseLocks } from '../kernel/proc/locks.ts';
import { resolveInRoot } from '../kernel/in-root.ts';
import { type CoverageLog, errnoWords, statusOf } from '../kernel/coverage.ts';
import type { HeldLock, PidFile } from './model.ts';

export interface WhosePidFile {
  /** What the process calls itself. */
  name: string;
  /** Its pid, here and in nested pid namespaces. */
  pids: readonly number[];
  /** It sees the files that we see. */
  sharesFiles: boolean;
  /** The file the user named. */
  given: string | undefined;
}

/** The file the user named, or the usual places of a service of this name: those of another file system say nothing of it. */
export function readPidFiles(evidence: Evidence, { name, pids, sharesFiles, given }: WhosePidFile, coverage: CoverageLog): PidFile[] {
  // What a process calls itself may hold anything, a path too.
  const guessed = sharesFiles && /^[\w-][\w.-]*$/.test(name) ? [`/run/${name}.pid`, `/run/${name}/${name}.pid`] : [];
  const paths = given === undefined ? guessed : [given];
  return paths.flatMap((path): PidFile[] => {
    const { value, errno } = evidence.read(encodeText(path));
    if (value === undefined) {
      if (given === undefined) return [];
      coverage.note({ source: 'pid file', status: statusOf(errno), detail: `${path}: ${errnoWords(errno!)}`, needed: true });
      return [{ path, pid: null, matches: false, missing: true }];
    }
    const pid = pidIn(value);
    const oldbin = pidIn(evidence.read(encodeText(`${path}.oldbin`)).value);
    return [{ path, pid, matches: pid !== null && pids.includes(pid), ...(oldbin !== null && { oldbin }) }];
  });
}

function pidIn(text: ByteString | undefined): number | null {
  const pid = /^\s*(\d{1,7})\s*(\n|$)/.exec(text ?? '')?.[1];
  return pid === undefined ? null : Number(pid);
}

/** Locks on these files. One that outlived who took it is held by a child that has the open file. */
export function readLocks(evidence: Evidence, pid: number, paths: readonly ByteString[]): HeldLock[] {
  const locks = parseLocks(evidence.read('/proc/locks').value ?? '');
  if (locks.length === 0) return [];
  return paths.flatMap((path) => {
    const { stat } = resolveInRoot(evidence.inotify, pid, path);
    if (!stat) return [];
    return locks.filter((lock) => isLockOn(lock, stat)).map((lock): HeldLock => ({ ...lock, path, alive: lock.pid <= 0 || evidence.read(`/proc/${lock.pid}/stat`).value !== undefined }));
  });
}
