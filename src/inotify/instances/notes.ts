/** What was asked and how much of it was answered, in words. */
import { isLocal } from '../../evidence/local-filesystems.ts';
import type { Errno } from '../../evidence/types.ts';
import { type CoverageLog, errnoWords, statusOf } from '../../kernel/coverage.ts';
import type { Process } from '../../kernel/types.ts';
import { plural } from '../../report/words.ts';
import { isSearchedSlowly, isWalkable } from '../filesystems.ts';
import type { InotifyLook, Watch } from './model.ts';
import type { Walked } from './walk.ts';

export interface Notes {
  unreadTables: number;
  queueErrno?: Errno;
  infoErrno?: Errno;
  /** Why handles could not be used. */
  handleErrno?: Errno;
  noMounts: number;
  walks: Walked[];
  /** FUSE was not searched: that lists directories, and the target watches for that. */
  fuseAvoided: boolean;
  table(process: Process, total: number, seen: number, errno: Errno | undefined, coverage: CoverageLog): void;
  fix(errno: Errno | undefined): { fix?: string };
}

export function notesOf({ rerun, isRoot }: { rerun: string; isRoot: boolean }): Notes {
  const fix = (errno: Errno | undefined): { fix?: string } => {
    if (errno === 'ENOTSUP') return { fix: 'npm install koffi, or use the single file' };
    if (errno === undefined || statusOf(errno) !== 'denied') return {};
    return { fix: isRoot ? 'needs CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH: run it on the host, or kubectl debug --profile=sysadmin' : `sudo ${rerun}` };
  };
  const notes: Notes = {
    unreadTables: 0,
    noMounts: 0,
    walks: [],
    fuseAvoided: false,
    fix,
    table(process, total, seen, errno, coverage) {
      if (errno !== undefined) notes.unreadTables++;
      const status = errno === undefined ? 'ok' : seen > 0 ? 'partial' : statusOf(errno);
      coverage.note({
        source: 'fd table',
        status,
        seen,
        total: Math.max(total, process.open ?? 0),
        needed: true,
        ...(errno !== undefined && { detail: `/proc/${process.pid}/fd: ${errnoWords(errno)}`, ...fix(errno) }),
      });
    },
  };
  return notes;
}

export function noteCoverage(look: InotifyLook, notes: Notes, coverage: CoverageLog): void {
  const { instances } = look;
  if (instances.length === 0) return;
  const read = instances.filter(({ watches }) => watches !== undefined);
  coverage.note({
    source: 'watches (fdinfo)',
    status: notes.infoErrno === undefined ? 'ok' : statusOf(notes.infoErrno),
    seen: read.length,
    total: instances.length,
    needed: true,
    ...(notes.infoErrno !== undefined && { detail: notes.infoErrno === 'ENOSYS' ? 'this is gVisor: it tells nobody what its processes watch' : errnoWords(notes.infoErrno), ...notes.fix(notes.infoErrno) }),
  });
  const asked = instances.filter(({ queue }) => queue !== undefined);
  coverage.note({
    source: 'queues (pidfd_getfd)',
    status: notes.queueErrno === undefined ? 'ok' : statusOf(notes.queueErrno),
    seen: asked.length,
    total: instances.length,
    needed: false,
    ...(notes.queueErrno !== undefined && { detail: `how much waits in ${plural('queue', instances.length - asked.length)}: ${errnoWords(notes.queueErrno)}`, ...notes.fix(notes.queueErrno) }),
  });
  notePaths(look, notes, coverage);
  for (const { path, because } of look.expectations) {
    if (because !== undefined) coverage.note({ source: `--expect ${path}`, status: 'absent', detail: because, needed: true });
  }
}

function notePaths({ instances }: InotifyLook, notes: Notes, coverage: CoverageLog): void {
  const watches = instances.flatMap((instance) => instance.watches ?? []);
  if (watches.length === 0) return;
  const left = watches.filter(({ path, state }) => (path === undefined && state !== 'nameless') || state === 'unchecked');
  const reasons: string[] = [];
  const told = notes.walks.reduce((sum, walk) => sum + walk.told, 0);
  if (left.length > 0) {
    if (notes.handleErrno !== undefined) {
      reasons.push(notes.handleErrno === 'EPERM' ? 'open_by_handle_at needs CAP_DAC_READ_SEARCH' : errnoWords(notes.handleErrno));
    }
    const unchecked = left.filter(({ state }) => state === 'unchecked').length;
    if (unchecked > 0) reasons.push(`what is at the path of ${unchecked} could not be compared`);
    const elsewhere = left.filter(({ fsType }) => fsType === undefined).length;
    const slow = left.filter(({ fsType }) => fsType !== undefined && isSearchedSlowly(fsType)).length;
    const remote = left.filter(({ fsType }) => fsType !== undefined && !isLocal(fsType)).length - slow;
    if (elsewhere > 0) reasons.push(`${elsewhere} on file systems that are not mounted where the process is`);
    if (remote > 0) reasons.push(`${remote} on network file systems, which are not asked since that may block`);
    if (slow > 0) reasons.push(`${slow} on FUSE, ${notes.fuseAvoided ? 'which was not asked: a search lists its directories, and the target watches for being read' : 'where a search did not end in time, or was refused'}`);
    const cut = notes.walks.filter(({ cut: isCut }) => isCut);
    const entries = notes.walks.reduce((sum, walk) => sum + walk.entries, 0);
    const avoided = notes.walks.reduce((sum, walk) => sum + walk.avoided, 0);
    if (avoided > 0) reasons.push(`${plural('directory', avoided, 'directories')} not listed, since the target watches for that`);
    if (told > 0) reasons.push(toldWords(told));
    if (cut.length > 0) reasons.push(`the walk ended after ${plural('entry', entries, 'entries')}`);
    else if (entries > 0) reasons.push(`a walk of ${plural('entry', entries, 'entries')} did not meet them`);
    if (notes.noMounts > 0) reasons.push('its mounts could not be read');
  }
  coverage.note({
    source: 'paths of watches',
    status: left.length === 0 ? 'ok' : left.length < watches.length ? 'partial' : notes.handleErrno === undefined ? 'absent' : statusOf(notes.handleErrno),
    seen: watches.length - left.length,
    total: watches.length,
    // A watch whose file was replaced has no name to be found: without handles it looks like any other that was not met.
    needed: left.length > 0 && (notes.handleErrno !== undefined || notes.noMounts > 0 || left.some(isLost)),
    ...(left.length === 0 && told > 0 && { detail: toldWords(told) }),
    ...(left.length > 0 && {
      detail: `${plural('watch', left.length, 'watches')} unresolved, which may be dead: ${reasons.join('; ') || 'no handle, and no name was found'}`,
      ...notes.fix(notes.handleErrno),
    }),
  });
}

/** It should have been met: on a disk of this host, or on none that is mounted any more; or it is where nothing can be asked. */
function isLost({ path, fsType }: Watch): boolean {
  return path === undefined && (fsType === undefined || isWalkable(fsType) || !isLocal(fsType));
}

function toldWords(told: number): string {
  return `${plural('directory', told, 'directories')} that the target watches for being read ${told === 1 ? 'was' : 'were'} listed: it was told, by up to eight events each`;
}
