/** From what the user typed to the processes meant: a pid, a name, `:port`, `unit:`, `container:`, `pod:`, a pid file. */
import type { Evidence } from '../../evidence/types.ts';
import { refuseWithoutDescriptors } from '../own-limits.ts';
import { ProcessTree } from '../process-tree.ts';
import { UserError } from '../user-error.ts';
import { byContainer, byPod, byUnit } from './by-cgroup.ts';
import { byName } from './by-name.ts';
import { byPidFile } from './by-pid-file.ts';
import { byPort } from './by-port.ts';
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
  refuseWithoutDescriptors(evidence);
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
  if (/^\d+$/.test(spec)) return byPid(evidence, spec);
  if (spec.startsWith(':')) return byPort(evidence, spec, options.command);
  if (spec.startsWith('unit:')) return byUnit(evidence, spec);
  if (spec.startsWith('container:')) return byContainer(evidence, spec);
  if (spec.startsWith('pod:')) return byPod(evidence, spec);
  if (spec.includes('/')) return byPidFile(evidence, spec);
  if (spec === '') throw new UserError('the target is empty', { hints: [`reloadctl ${options.command} <pid | name | :port | unit:NAME>`] });
  if (/^-\d/.test(spec)) throw new UserError(`not a pid: ${spec} (a pid is a positive number)`);
  return byName(evidence, spec, options.command);
}

function byPid(evidence: Evidence, spec: string): ResolvedTarget {
  const pid = Number(spec);
  // pid_max is at most 2^22 (include/linux/threads.h PID_MAX_LIMIT).
  if (!Number.isSafeInteger(pid) || pid < 1 || pid > 4_194_304) throw new UserError(`not a pid: ${spec} (1 to 4194304)`);
  const stat = evidence.read(`/proc/${pid}/stat`);
  if (stat.errno === 'EACCES' || stat.errno === 'EPERM') throw new UserError(`process ${pid}: not permitted to look at it (hidepid?)`, { exitCode: 3 });
  if (stat.value === undefined) {
    throw new UserError(`no such process: ${pid}`, { exitCode: 3, hints: ['it has ended, is in another pid namespace, or is hidden (hidepid)'] });
  }
  return { spec, name: '', pids: [pid] };
}
