import type { Coverage, CoverageStatus } from '../report/types.ts';

/** Collects what was asked and how much was answered; one line per source, the worst status wins, counts add up. */
export class CoverageLog {
  private readonly entries = new Map<string, Coverage>();

  note(entry: Coverage): void {
    const known = this.entries.get(entry.source);
    if (!known) {
      this.entries.set(entry.source, { ...entry, status: statusWith(entry.status, entry.seen) });
      return;
    }
    if (severity[entry.status] > severity[known.status]) {
      known.status = entry.status;
      if (entry.detail !== undefined) known.detail = entry.detail;
      if (entry.fix !== undefined) known.fix = entry.fix;
    }
    known.needed ||= entry.needed;
    if (entry.seen !== undefined) known.seen = (known.seen ?? 0) + entry.seen;
    if (entry.total !== undefined) known.total = (known.total ?? 0) + entry.total;
    known.status = statusWith(known.status, known.seen);
  }

  list(): Coverage[] {
    return [...this.entries.values()];
  }
}

/** Some answered and some not is partial, whatever the reason of the rest: the detail tells it. */
function statusWith(status: CoverageStatus, seen = 0): CoverageStatus {
  return status !== 'ok' && status !== 'timeout' && seen > 0 ? 'partial' : status;
}

const severity: Record<CoverageStatus, number> = { ok: 0, unsupported: 1, absent: 2, partial: 3, denied: 4, timeout: 5 };

/** What an errno means for coverage. */
export function statusOf(errno: string | undefined): CoverageStatus {
  switch (errno) {
    case undefined:
      return 'ok';
    case 'EACCES':
    case 'EPERM':
      return 'denied';
    case 'ETIMEDOUT':
      return 'timeout';
    case 'EINTR':
      return 'partial';
    case 'ENOTSUP':
    case 'ENOSYS':
      return 'unsupported';
    default:
      return 'absent';
  }
}

/** Words for an errno where a plain code would not help. */
export function errnoWords(errno: string): string {
  const words: Record<string, string> = {
    EACCES: 'not permitted',
    EPERM: 'not permitted',
    ENOENT: 'gone',
    ESRCH: 'gone',
    EMFILE: 'reloadctl itself is out of descriptors (EMFILE): raise its own limit, ulimit -n',
    ENFILE: 'the host is out of open files (ENFILE, fs.file-max)',
    ENOTRECORDED: 'not recorded on this tape',
    ENOREADER: 'no reader process could be started: it needs cat and stat, a free pid, and free descriptors',
    ENOTSUP: 'no native calls (Node without the optional package koffi, or RELOADCTL_NO_NATIVE is set)',
    EINTR: 'stopped by a signal',
    EREMOTE: 'not asked, since a file system on the way there may not answer',
    ETIMEDOUT: 'did not answer in time: the target holds a lock, or a file system is dead',
  };
  return words[errno] ?? errno;
}
