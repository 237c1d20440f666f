/** What the kernel and its settings permit. */
import type { Evidence } from '../evidence/types.ts';
import { errnoWords, statusOf } from '../kernel/coverage.ts';
import { hidepidOption } from '../kernel/hidepid.ts';
import { parseFileNr } from '../kernel/proc/file-nr.ts';
import { parseMountOptions } from '../kernel/proc/mountinfo.ts';
import { parseNumber } from '../kernel/proc/scan.ts';
import { decodeText } from '../kernel/text.ts';
import { count, percent } from '../report/words.ts';
import type { Capability } from './capability.ts';

const NEARLY_ALL = 0.9;

/** Since 6.2 st_size of a /proc/PID/fd directory is the number of descriptors, readable without any right. */
export function kernelRow(evidence: Evidence): Capability {
  const release = textOf(evidence, '/proc/sys/kernel/osrelease') ?? 'unknown release';
  const own = evidence.size('/proc/self/fd');
  if (own.errno !== undefined)
    return { name: 'kernel', status: 'absent', detail: `${release}, /proc/self/fd: ${errnoWords(own.errno)}`, loses: 'whether descriptor counts can be read without rights' };
  const size = own.value ?? 0;
  const detail = `${release}, ${size > 0 ? 'tells descriptor counts without rights' : 'tells no descriptor counts (6.2 and later do)'}`;
  if (size > 0) return { name: 'kernel', status: 'ok', detail };
  return {
    name: 'kernel',
    status: 'partial',
    detail,
    loses: 'descriptor counts of processes of other users',
    fix: 'sudo reloadctl fds --top',
  };
}

export function procRow(evidence: Evidence): Capability {
  const own = evidence.read('/proc/self/status');
  if (own.value === undefined) {
    const why = errnoWords(own.errno ?? 'EIO');
    return {
      name: '/proc',
      status: statusOf(own.errno ?? 'EIO'),
      detail: `/proc/self/status: ${why}`,
      loses: 'everything: all of it is read from /proc',
      fix: 'mount -t proc proc /proc',
    };
  }
  const mount = parseMountOptions(evidence.read('/proc/self/mountinfo').value ?? '', '/proc');
  if (!mount) return { name: '/proc', status: 'ok', detail: 'there, its mount options are not known' };
  const hidepid = hidepidOption(evidence);
  const visibility = hidepid ?? 'all processes visible';
  const detail = `mounted${mount.options.includes('ro') ? ' read-only' : ''}, ${visibility}`;
  // CAP_SYS_PTRACE sees through hidepid; the row of that capability tells whether it is held.
  if (hidepid === undefined || listsInit(evidence)) return { name: '/proc', status: 'ok', detail };
  return { name: '/proc', status: 'partial', detail, loses: 'that processes of other users exist at all', fix: 'sudo reloadctl fds --top' };
}

/** Process 1 belongs to root: whoever sees it sees all. */
function listsInit(evidence: Evidence): boolean {
  return evidence.list('/proc').value?.includes('1') ?? false;
}

const yamaWords = [
  'no restriction',
  'attach to own descendants only',
  'attach with CAP_SYS_PTRACE only',
  'nobody may attach, until the next boot',
];

/** Yama restricts attaching (pidfd_getfd, strace), never the reading of descriptors. */
export function yamaRow(evidence: Evidence, mayPtrace: boolean): Capability {
  const scope = parseNumber(textOf(evidence, '/proc/sys/kernel/yama/ptrace_scope') ?? '');
  if (scope < 0 && textOf(evidence, '/proc/sys/kernel/osrelease') === undefined)
    return { name: 'Yama', status: 'absent', detail: '/proc/sys/kernel cannot be read', loses: 'whether attaching is restricted' };
  if (scope < 0) return { name: 'Yama', status: 'ok', detail: 'not in this kernel' };
  const detail = `ptrace_scope ${scope}: ${yamaWords[scope] ?? 'unknown'}`;
  const free = scope === 0 || (mayPtrace && scope < 3);
  if (free) return { name: 'Yama', status: 'ok', detail };
  return {
    name: 'Yama',
    status: 'denied',
    detail,
    loses: 'what a socket is that no table lists (pidfd_getfd), and strace -p',
    ...(scope < 3 && { fix: 'sudo reloadctl ...' }),
  };
}

/** Open files of the whole host, and the highest RLIMIT_NOFILE that can be given. */
export function hostFilesRow(evidence: Evidence): Capability {
  const name = 'host open files';
  const files = parseFileNr(evidence.read('/proc/sys/fs/file-nr').value ?? '');
  const nrOpen = parseNumber(textOf(evidence, '/proc/sys/fs/nr_open') ?? '');
  if (!files)
    return {
      name,
      status: 'absent',
      detail: '/proc/sys/fs/file-nr cannot be read',
      loses: 'whether the host is out of open files (ENFILE)',
      fix: 'run it on the host',
    };
  const max = files.max === Number.MAX_SAFE_INTEGER ? ', no limit' : ` of ${count(files.max)} (${percent(files.allocated / files.max)})`;
  const detail = `${count(files.allocated)}${max}${nrOpen < 0 ? '' : `; highest limit of one process ${count(nrOpen)}`}`;
  if (files.allocated < files.max * NEARLY_ALL) return { name, status: 'ok', detail };
  return {
    name,
    status: 'partial',
    detail,
    loses: 'opens soon fail with ENFILE for everybody but root, reloadctl too',
    fix: `sysctl fs.file-max=${files.max * 2}`,
  };
}

function textOf(evidence: Evidence, path: string): string | undefined {
  const { value } = evidence.read(path);
  return value === undefined ? undefined : decodeText(value).text.trimEnd();
}
