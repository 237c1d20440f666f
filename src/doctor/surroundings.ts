/** Where we run, and with what. */
import type { Evidence } from '../evidence/types.ts';
import { parseCgroup } from '../kernel/proc/cgroup.ts';
import { parseOpenFilesLimit } from '../kernel/proc/limits.ts';
import { count } from '../report/words.ts';
import { type Capability, FROM_OUTSIDE } from './capability.ts';

/** PROC_PID_INIT_INO of include/linux/proc_ns.h: the pid namespace of the host. */
const HOST_PID_NAMESPACE = 'pid:[4026531836]';
/** A look needs few descriptors of its own: pipes of two children, a netlink socket, one directory. */
const ENOUGH = 64;
const folders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
const programs = ['strace', 'lsof', 'ss', 'gdb', 'bpftrace', 'nsenter', 'docker', 'crictl'];

/** Ends of life by major version, https://github.com/nodejs/Release. */
const endOfLife: Readonly<Record<string, string>> = {
  20: '2026-04-30',
  21: '2024-06-01',
  22: '2027-04-30',
  23: '2025-06-01',
  24: '2028-04-30',
  25: '2026-06-01',
  26: '2029-04-30',
};

export function containerRow(evidence: Evidence): Capability {
  const name = 'container';
  const id = parseCgroup(evidence.read('/proc/self/cgroup').value ?? '')?.container;
  const marked = ['/.dockerenv', '/run/.containerenv'].some((path) => evidence.size(path).value !== undefined);
  const inside =
    id !== undefined || marked ? `in a container${id === undefined ? '' : ` (${id.slice(0, 12)})`}` : 'in no container that is known';
  const namespace = evidence.readlink('/proc/self/ns/pid').value;
  if (namespace === undefined)
    return { name, status: 'absent', detail: `${inside}; /proc/self/ns/pid cannot be read`, loses: 'whether there are processes that are not seen' };
  if (namespace === HOST_PID_NAMESPACE)
    return { name, status: 'ok', detail: `${inside}, in the pid namespace of the host` };
  return {
    name,
    status: 'partial',
    detail: `${inside}, in a pid namespace of its own`,
    loses: 'processes outside of it',
    fix: FROM_OUTSIDE,
  };
}

export function ownLimitRow(evidence: Evidence): Capability {
  const name = 'own limit';
  const limit = parseOpenFilesLimit(evidence.read('/proc/self/limits').value ?? '');
  if (!limit)
    return { name, status: 'absent', detail: '/proc/self/limits cannot be read', loses: 'whether reloadctl itself has room to look' };
  const words = (value: number | null): string => (value === null ? 'unlimited' : count(value));
  const detail = `soft ${words(limit.soft)}, hard ${words(limit.hard)}`;
  if (limit.soft === null || limit.soft >= ENOUGH) return { name, status: 'ok', detail };
  return { name, status: 'partial', detail, loses: 'reloadctl itself may run out of descriptors', fix: `ulimit -n ${ENOUGH * 16}` };
}

/** @param version of Node, `v20.20.2` */
export function nodeRow(version: string, today: Date): Capability {
  const end = endOfLife[/^v(\d+)\./.exec(version)?.[1] ?? ''];
  const ended = end !== undefined && today.toISOString().slice(0, 10) > end;
  const detail = end === undefined ? version : `${version}, end of life ${ended ? 'since' : 'on'} ${end}`;
  if (!ended) return { name: 'Node', status: 'ok', detail };
  return { name: 'Node', status: 'partial', detail, loses: 'security fixes of Node; nothing of reloadctl', fix: 'install Node 24' };
}

/** @param bunVersion `1.4.5` */
export function singleFileRow(bunVersion: string): Capability {
  return { name: 'single file', status: 'ok', detail: `needs no Node and no other file (Bun ${bunVersion} inside)` };
}

/** For information: nothing of reloadctl needs them. */
export function programsRow(evidence: Evidence): Capability {
  const isThere = (program: string): boolean => folders.some((folder) => evidence.size(`${folder}/${program}`).value !== undefined);
  const found = programs.filter(isThere);
  const missing = programs.filter((program) => !found.includes(program));
  return { name: 'programs', status: 'ok', detail: `optional, found: ${namesOf(found)}; not found: ${namesOf(missing)}` };
}

function namesOf(names: readonly string[]): string {
  return names.join(', ') || 'none';
}
