/** The swap of a binary: would a rename of the new file over the one that runs work, be atomic, and leave something that can be started? */
import type { ByteString, Evidence } from '../evidence/types.ts';
import { type CoverageLog, errnoWords, statusOf } from '../kernel/coverage.ts';
import { resolveInRoot } from '../kernel/in-root.ts';
import { parseMountOptions, parseMounts } from '../kernel/proc/mountinfo.ts';
import { O_ACCMODE, parseFdInfo } from '../kernel/proc/fdinfo.ts';
import { listPids } from '../kernel/process.ts';
import type { Process } from '../kernel/types.ts';
import type { Binary, Swap } from './model.ts';

const S_IFMT = 0o170000;
const S_IFREG = 0o100000;
const ANY_EXEC = 0o111;
const DELETED = / \(deleted\)$/;
const BUDGET_MS = 1000;

export interface SwapAsking {
  /** As the process sees it, absolute. */
  file: ByteString;
  /** A tape is not asked who writes to it, nor made so. */
  everything: boolean;
}

/** Undefined where it is not known which file would be replaced. */
export function readSwap(evidence: Evidence, { pid, exe }: Process, binary: Binary, { file, everything }: SwapAsking, coverage: CoverageLog): Swap | undefined {
  const target = binary.found?.stat ? binary.found.path : exe?.replace(DELETED, '');
  const found = resolveInRoot(evidence.inotify, pid, file);
  if (target === undefined || !target.startsWith('/')) {
    coverage.note({ source: 'what would be replaced', status: 'absent', detail: 'neither argv[0] nor /proc/PID/exe leads to a file', needed: true });
    return undefined;
  }
  if (found.errno !== undefined && !['ENOENT', 'ENOTDIR', 'ELOOP'].includes(found.errno)) coverage.note({ source: 'the new file', status: statusOf(found.errno), detail: `${found.path}: ${errnoWords(found.errno)}`, needed: true });
  const mountinfo = evidence.read(`/proc/${pid}/mountinfo`);
  if (mountinfo.errno !== undefined) coverage.note({ source: 'mounts', status: statusOf(mountinfo.errno), detail: `/proc/${pid}/mountinfo: ${errnoWords(mountinfo.errno)}`, needed: true });
  const [from, to] = [mountOf(mountinfo.value ?? '', found.path), mountOf(mountinfo.value ?? '', target)];
  // Of a layered file system files tell other devices than the directories that a rename goes through.
  const [fromDevice, toDevice] = [found.path, target].map((path) => resolveInRoot(evidence.inotify, pid, folderOf(path)).stat?.dev);
  const { stat } = found;
  const there = resolveInRoot(evidence.inotify, pid, target).stat;
  return {
    file,
    target,
    found,
    links: binary.found?.stat ? binary.found.links : [],
    ...(from && to && fromDevice !== undefined && toDevice !== undefined && { sameFilesystem: from.index === to.index && fromDevice === toDevice }),
    ...(from && to && { mounts: { from: from.mountPoint, to: to.mountPoint } }),
    ...(to && { noexec: to.options.includes('noexec'), readOnly: to.options.includes('ro') }),
    ...(stat && { regular: (stat.mode & S_IFMT) === S_IFREG, executable: (stat.mode & ANY_EXEC) !== 0, size: stat.size }),
    ...(stat && there && { alreadyThere: stat.dev === there.dev && stat.ino === there.ino }),
    writers: stat && (stat.mode & S_IFMT) === S_IFREG && evidence.origin === 'live' && !everything ? writersOf(evidence, found.path, coverage) : [],
  };
}

interface MountAt {
  index: number;
  mountPoint: ByteString;
  options: readonly ByteString[];
}

/** The mount that a path is on: the longest of those above it, and of two at one point the later one. */
function mountOf(mountinfo: ByteString, path: ByteString): MountAt | undefined {
  let best: MountAt | undefined;
  for (const [index, { mountPoint }] of parseMounts(mountinfo).entries()) {
    const isAbove = mountPoint === '/' || path === mountPoint || path.startsWith(`${mountPoint}/`);
    if (isAbove && mountPoint.length >= (best?.mountPoint.length ?? 0)) best = { index, mountPoint, options: [] };
  }
  return best && { ...best, options: parseMountOptions(mountinfo, best.mountPoint)?.options ?? [] };
}

function folderOf(path: ByteString): ByteString {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

/** While anybody has it open for writing, execve of it is ETXTBSY. */
function writersOf(evidence: Evidence, path: ByteString, coverage: CoverageLog): number[] {
  const until = evidence.now() + BUDGET_MS;
  const writers: number[] = [];
  // Who brings it has begun lately.
  const pids = listPids(evidence).sort((a, b) => b - a);
  for (const [index, pid] of pids.entries()) {
    if (evidence.now() > until) {
      coverage.note({ source: 'who writes to the new file', status: 'partial', seen: index, total: pids.length, detail: 'so many processes were asked in 1 s', needed: false });
      break;
    }
    for (const fd of evidence.users?.findLinks(pid, [path]).value ?? []) {
      const info = parseFdInfo(evidence.read(`/proc/${pid}/fdinfo/${fd}`).value ?? '');
      if (info && (info.flags & O_ACCMODE) !== 0) writers.push(pid);
    }
  }
  return [...new Set(writers)];
}
