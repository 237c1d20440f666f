/** What the cgroups of a process leave: pids and memory, at the level that has least. cgroup v2, v1 and hybrid. */
import type { ByteString, Evidence } from '../evidence/types.ts';
import { parseNumber, wholeLine, wholeLines } from './proc/scan.ts';

export interface CgroupUse {
  /** The file that has the limit. */
  file: string;
  used: number;
  limit: number;
  /** Of `used` in bytes, what the kernel gives back when memory is short: the page cache. */
  reclaimable?: number;
}

interface Names {
  used: string;
  limit: string;
}

const V2 = { pids: { used: 'pids.current', limit: 'pids.max' }, memory: { used: 'memory.current', limit: 'memory.max' } } as const;
const V1 = { pids: V2.pids, memory: { used: 'memory.usage_in_bytes', limit: 'memory.limit_in_bytes' } } as const;
/** v1 says "no limit" with the largest number of pages, which no number here holds. */
const NO_LIMIT = Number.MAX_SAFE_INTEGER;
const MOST_LEVELS = 32;

/**
 * Uses and limits of all levels from the process's own cgroup up to the root of what is mounted here that have a limit; empty where none has.
 * @param cgroup text of /proc/PID/cgroup
 */
export function cgroupUses(evidence: Evidence, cgroup: ByteString, resource: 'pids' | 'memory'): CgroupUse[] {
  const uses: CgroupUse[] = [];
  for (const line of wholeLines(cgroup)) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/s.exec(line) ?? [];
    if (controllers === undefined || path === undefined || path.split('/').includes('..')) continue;
    if (controllers === '') {
      for (const base of ['/sys/fs/cgroup', '/sys/fs/cgroup/unified']) uses.push(...levels(evidence, base, path, V2[resource]));
    } else if (controllers.split(',').includes(resource)) {
      uses.push(...levels(evidence, `/sys/fs/cgroup/${controllers}`, path, V1[resource]));
    }
  }
  return uses;
}

function levels(evidence: Evidence, base: string, path: ByteString, names: Names): CgroupUse[] {
  const uses: CgroupUse[] = [];
  let at = path === '/' ? '' : path;
  for (let level = 0; level < MOST_LEVELS; level++) {
    const limit = numberIn(evidence.read(`${base}${at}/${names.limit}`).value);
    const used = limit === undefined ? undefined : numberIn(evidence.read(`${base}${at}/${names.used}`).value);
    if (limit !== undefined && used !== undefined && limit < NO_LIMIT) {
      const stat = names.used.startsWith('memory') ? evidence.read(`${base}${at}/memory.stat`).value : undefined;
      uses.push({ file: `${base}${at}/${names.limit}`, used, limit, ...(stat !== undefined && { reclaimable: cacheIn(stat) }) });
    }
    if (at === '') break;
    at = at.slice(0, at.lastIndexOf('/'));
  }
  return uses;
}

/** `max`, and what is no number, is no limit. */
function numberIn(text: ByteString | undefined): number | undefined {
  const value = parseNumber((text ?? '').trim());
  return value < 0 ? undefined : value;
}

/** File pages are given back; those of tmpfs and shared memory (shmem) are counted among them and are not. */
function cacheIn(stat: ByteString): number {
  const of = (name: string): number => Math.max(0, parseNumber(wholeLine(stat, `${name} `)?.trim() ?? ''));
  const total = (name: string): number => of(`total_${name}`) || of(name);
  return total('active_file') + total('inactive_file');
}
