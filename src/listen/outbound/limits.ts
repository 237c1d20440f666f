/** Limits of the host, of cgroups and of network namespaces that new connections, files and processes run into. */
import type { ByteString, Evidence } from '../../evidence/types.ts';
import { cgroupUses } from '../../kernel/cgroup-room.ts';
import { type CoverageLog, errnoWords, statusOf } from '../../kernel/coverage.ts';
import { listPids } from '../../kernel/process.ts';
import { parseFileNr } from '../../kernel/proc/file-nr.ts';
import { parseTaskCount } from '../../kernel/proc/loadavg.ts';
import { parseNumber, wholeLine } from '../../kernel/proc/scan.ts';
import { parseSockstat } from '../../kernel/proc/sockstat.ts';
import { decodeText } from '../../kernel/text.ts';
import type { NetworkNamespace } from '../model.ts';
import type { HostLimit } from './model.ts';

const FILE_NR = '/proc/sys/fs/file-nr';
const THREADS_MAX = '/proc/sys/kernel/threads-max';
const PID_MAX = '/proc/sys/kernel/pid_max';
const LOADAVG = '/proc/loadavg';
/** Inode of the first pid namespace (include/uapi/linux/nsfs.h, PID_NS_INIT_INO): since Linux 6.14 pid_max is of the reader's own. */
const FIRST_PID_NAMESPACE = 'pid:[4026531836]';
const CONNTRACK = ['/proc/sys/net/netfilter/nf_conntrack_count', '/proc/sys/net/netfilter/nf_conntrack_max'] as const;
const TIME_WAIT_MAX = '/proc/sys/net/ipv4/tcp_max_tw_buckets';
const ORPHANS_MAX = '/proc/sys/net/ipv4/tcp_max_orphans';

/** @param pids of the target; absent: all processes */
export function readLimits(evidence: Evidence, namespaces: readonly NetworkNamespace[], pids: readonly number[] | undefined, coverage: CoverageLog): HostLimit[] {
  return [
    ...openFiles(evidence, coverage),
    ...tasks(evidence, coverage),
    ...cgroups(evidence, pids ?? listPids(evidence), coverage),
    ...namespaces.flatMap((namespace) => ofNamespace(evidence, namespace, coverage)),
    ...orphans(evidence, namespaces),
  ];
}

function openFiles(evidence: Evidence, coverage: CoverageLog): HostLimit[] {
  const { value, errno } = evidence.read(FILE_NR);
  const files = parseFileNr(value ?? '');
  if (!files) return unread(coverage, FILE_NR, errno);
  return [{ kind: 'open files', used: files.allocated, limit: files.max < Number.MAX_SAFE_INTEGER ? files.max : null, source: FILE_NR }];
}

function tasks(evidence: Evidence, coverage: CoverageLog): HostLimit[] {
  const { value, errno } = evidence.read(LOADAVG);
  const used = parseTaskCount(value ?? '');
  if (used === null) return unread(coverage, LOADAVG, errno);
  const sources = evidence.readlink('/proc/self/ns/pid').value === FIRST_PID_NAMESPACE ? [THREADS_MAX, PID_MAX] : [THREADS_MAX];
  const limits = sources.flatMap((source) => {
    const limit = numberIn(evidence.read(source).value);
    return limit === undefined ? [] : [{ source, limit }];
  });
  const [least] = limits.sort((a, b) => a.limit - b.limit);
  return least ? [{ kind: 'tasks', used, ...least }] : unread(coverage, THREADS_MAX, 'ENOENT');
}

/** Each cgroup with a limit once, however many of the processes are in it. */
function cgroups(evidence: Evidence, pids: readonly number[], coverage: CoverageLog): HostLimit[] {
  const texts = new Set<ByteString>();
  for (const pid of pids) {
    const { value, errno } = evidence.read(`/proc/${pid}/cgroup`);
    if (value !== undefined) texts.add(value);
    else if (errno !== 'ENOENT' && errno !== 'ESRCH') unread(coverage, `/proc/${pid}/cgroup`, errno);
  }
  const found = new Map<string, HostLimit>();
  for (const text of texts) {
    for (const { file, used, limit } of cgroupUses(evidence, text, 'pids')) {
      if (found.has(file)) continue;
      const folder = file.slice(0, file.lastIndexOf('/'));
      const refused = numberIn(wholeLine(evidence.read(`${folder}/pids.events`).value ?? '', 'max '));
      found.set(file, { kind: 'tasks', of: decodeText(folder).text, used, limit, source: decodeText(file).text, ...(refused !== undefined && { refused }) });
    }
  }
  return [...found.values()];
}

function ofNamespace(evidence: Evidence, { id, pid, own }: NetworkNamespace, coverage: CoverageLog): HostLimit[] {
  const limits: HostLimit[] = [];
  const of = own ? undefined : `network namespace ${id}`;
  const [count, most, waitMost] = evidence.network?.readAsNetOf(pid, [...CONNTRACK, TIME_WAIT_MAX]) ?? [];
  const tracked = numberIn(count?.value);
  const trackedMost = numberIn(most?.value);
  if (tracked !== undefined && trackedMost) limits.push({ kind: 'conntrack', used: tracked, limit: trackedMost, source: CONNTRACK[0], ...(of !== undefined && { of }) });
  // Where it is not loaded nothing is tracked; not being let in is another thing.
  else if (count?.errno !== undefined && count.errno !== 'ENOENT') unread(coverage, CONNTRACK[0], count.errno);
  const source = `/proc/${pid}/net/sockstat`;
  const waiting = parseSockstat(evidence.read(source).value ?? '')?.tcpTimeWait;
  const waitingMost = numberIn(waitMost?.value);
  if (waiting !== undefined && waitingMost !== undefined) limits.push({ kind: 'TIME_WAIT', used: waiting, limit: waitingMost, source, ...(of !== undefined && { of }) });
  return limits;
}

/** Of the whole host, and so is their ceiling, which only the first network namespace shows. */
function orphans(evidence: Evidence, namespaces: readonly NetworkNamespace[]): HostLimit[] {
  const [first] = namespaces;
  if (!first) return [];
  const source = `/proc/${first.pid}/net/sockstat`;
  const used = parseSockstat(evidence.read(source).value ?? '')?.tcpOrphan;
  const most = numberIn(evidence.network?.readAsNetOf(first.pid, [ORPHANS_MAX])[0]?.value);
  return used === undefined || most === undefined ? [] : [{ kind: 'orphans', used, limit: most, source }];
}

function unread(coverage: CoverageLog, source: string, errno = 'EBADMSG'): [] {
  coverage.note({ source: 'limits', status: statusOf(errno), detail: `${source}: ${errnoWords(errno)}`, needed: false });
  return [];
}

function numberIn(text: ByteString | undefined): number | undefined {
  const value = parseNumber((text ?? '').trim());
  return value < 0 ? undefined : value;
}
