/** From what the user typed to the processes meant: a pid, a name, `:port`, `unit:`, `container:`, `pod:`, a pid file. */
import type { Evidence } from '../../evidence/types.ts';
import { refuseWithoutProc } from '../own-limits.ts';
import { parseStatus } from '../proc/status.ts';
import { ProcessTree } from '../process-tree.ts';
import { UserError } from '../user-error.ts';
import { byContainer, byPod, byUnit } from './by-cgroup.ts';
import { byName } from './by-name.ts';
import { byPidFile } from './by-pid-file.ts';
import { byPort } from './by-port.ts';
import { notFound, refused } from './search.ts';
import type { ResolvedTarget } from './types.ts';

export type { ResolvedTarget };

export interface ResolveOptions {
  /** Take all descendants too. */
  tree: boolean;
  /** `fds`, for the commands that hints propose. */
  command: string;
}

/**
 * Throws UserError: exit 2 when the spec is malformed or ambiguous (the candidates are hints), exit 3 when there is nothing behind it.
 */
export function resolveTarget(evidence: Evidence, spec: string, options: ResolveOptions): ResolvedTarget {
  refuseWithoutProc(evidence);
  const target = resolve(evidence, spec, options);
  return options.tree ? withDescendants(evidence, target) : target;
}

/** The target with everything below its processes. */
export function withDescendants(evidence: Evidence, target: ResolvedTarget): ResolvedTarget {
  const tree = new ProcessTree(evidence);
  const all = new Set(target.pids);
  for (const pid of target.pids) for (const below of tree.descendants(pid)) all.add(below);
  return { ...target, pids: [...all].sort((a, b) => a - b) };
}

function resolve(evidence: Evidence, spec: string, options: ResolveOptions): ResolvedTarget {
  if (/^\d+$/.test(spec)) return byPid(evidence, spec, options.command);
  if (spec.startsWith(':')) return byPort(evidence, spec, options.command);
  if (spec.startsWith('unit:')) return byUnit(evidence, spec, options.command);
  if (spec.startsWith('container:')) return byContainer(evidence, spec, options.command);
  if (spec.startsWith('pod:')) return byPod(evidence, spec, options.command);
  if (spec.includes('/')) return byPidFile(evidence, spec, options.command);
  if (spec === '') throw new UserError('the target is empty', { hints: [`reloadctl ${options.command} <pid | name | :port | unit:NAME>`] });
  if (/^-\d/.test(spec)) throw new UserError(`not a pid: ${spec} (a pid is a positive number)`);
  return byName(evidence, spec, options.command);
}

function byPid(evidence: Evidence, spec: string, command: string): ResolvedTarget {
  const pid = Number(spec);
  // pid_max is at most 2^22 (include/linux/threads.h PID_MAX_LIMIT).
  if (!Number.isSafeInteger(pid) || pid < 1 || pid > 4_194_304) throw new UserError(`not a pid: ${spec} (1 to 4194304)`);
  const stat = evidence.read(`/proc/${pid}/stat`);
  if (stat.errno === 'EACCES' || stat.errno === 'EPERM') throw refused(evidence, { spec, command }, `process ${pid}`);
  if (stat.value === undefined) {
    throw notFound(evidence, { spec, command }, `no such process: ${pid}`, ['it has ended, is in another pid namespace, or is hidden (hidepid)']);
  }
  // A thread has a directory too, which is not listed: its number is no process, whose descriptors these are.
  const leader = parseStatus(evidence.read(`/proc/${pid}/status`).value ?? '')?.tgid ?? pid;
  if (leader !== pid) throw new UserError(`${pid} is a thread of process ${leader}`, { hints: [`reloadctl ${command} ${leader}`] });
  return { spec, name: '', pids: [pid] };
}
