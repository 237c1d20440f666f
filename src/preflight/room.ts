/** Is there room for a second generation beside this one? */
import type { Evidence } from '../evidence/types.ts';
import { type CoverageLog, errnoWords } from '../kernel/coverage.ts';
import { cgroupUses } from '../kernel/cgroup-room.ts';
import { readInotifyUsers } from '../kernel/inotify-users/index.ts';
import { parseFileNr } from '../kernel/proc/file-nr.ts';
import { wholeLine } from '../kernel/proc/scan.ts';
import { parseStatus } from '../kernel/proc/status.ts';
import type { Process } from '../kernel/types.ts';
import type { Room } from './model.ts';

/** Pipes and copies of listeners that handing over takes for a moment. */
const HAND_OVER_FDS = 8;
const INOTIFY = 'anon_inode:inotify';

/** @param pids of the whole generation */
export async function readRoom(evidence: Evidence, process: Process, pids: readonly number[], coverage: CoverageLog, signal: AbortSignal): Promise<Room[]> {
  const statuses = pids.map((pid) => evidence.read(`/proc/${pid}/status`).value ?? '');
  const threads = statuses.reduce((sum, text) => sum + (parseStatus(text)?.threads ?? 1), 0);
  const ownBytes = statuses.reduce((sum, text) => sum + kilobytes(text, 'RssAnon:') + kilobytes(text, 'RssShmem:'), 0) * 1024;
  const room: Room[] = [];
  const { open, limit: { soft } } = process;
  if (open !== null && soft !== null) {
    room.push({ resource: 'descriptors', used: open, limit: soft, left: Math.max(0, soft - open), need: HAND_OVER_FDS, least: 1, source: `/proc/${process.pid}/limits` });
  }
  const cgroup = evidence.read(`/proc/${process.pid}/cgroup`);
  if (cgroup.value === undefined) coverage.note({ source: 'cgroup', status: 'partial', detail: `/proc/${process.pid}/cgroup: ${errnoWords(cgroup.errno!)}`, needed: false });
  for (const { file, used, limit } of cgroupUses(evidence, cgroup.value ?? '', 'pids')) {
    room.push({ resource: 'pids', used, limit, left: Math.max(0, limit - used), need: threads, least: 1, source: file });
  }
  for (const { file, used, limit, reclaimable = 0 } of cgroupUses(evidence, cgroup.value ?? '', 'memory')) {
    room.push({ resource: 'memory', used, limit, left: Math.max(0, limit - used + reclaimable), need: ownBytes, least: 0, source: file, unit: 'bytes' });
  }
  const files = parseFileNr(evidence.read('/proc/sys/fs/file-nr').value ?? '');
  if (files && files.max < Number.MAX_SAFE_INTEGER) {
    room.push({ resource: 'open files of the host', used: files.allocated, limit: files.max, left: Math.max(0, files.max - files.allocated), need: open, least: 1, source: '/proc/sys/fs/file-nr' });
  }
  const instances = await inotifyRoom(evidence, process, pids, coverage, signal);
  return instances ? [...room, instances] : room;
}

function kilobytes(status: string, label: string): number {
  return Number(/^\s*(\d+) kB$/.exec(wholeLine(status, label) ?? '')?.[1] ?? 0);
}

/** Only where the generation has any: who has none will need none. */
async function inotifyRoom(evidence: Evidence, process: Process, pids: readonly number[], coverage: CoverageLog, signal: AbortSignal): Promise<Room | undefined> {
  const held = pids.reduce((sum, pid) => sum + (evidence.users?.findLinks(pid, [INOTIFY]).value?.length ?? 0), 0);
  if (held === 0) return undefined;
  const users = await readInotifyUsers(evidence, { of: { pid: process.pid }, signal });
  const [level] = users?.asked.levels ?? [];
  if (!level || level.instances.limit === null) {
    coverage.note({ source: 'inotify instances', status: 'partial', detail: 'how many its user may have is not known', needed: false });
    return undefined;
  }
  const { used, limit } = level.instances;
  return { resource: 'inotify instances', used, limit, left: Math.max(0, limit - used), need: held, least: held, source: '/proc/sys/fs/inotify/max_user_instances' };
}
