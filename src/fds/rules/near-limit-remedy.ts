/** What to do about a descriptor limit: at once with prlimit(1), and for good where the limit came from. */
import { watchRemedy } from '../../kernel/snapshot-rule.ts';
import type { CgroupOrigin } from '../../kernel/types.ts';
import type { Remedy } from '../../report/index.ts';
import { count, shellWord } from '../../report/words.ts';
import type { Use } from './limit-use.ts';

/** fs.nr_open as the kernel starts with it: no limit can be set above. */
const DEFAULT_NR_OPEN = 1_048_576;
/** FD_SETSIZE of the C library: select() writes beyond its arrays from here up. */
const SELECT_LIMIT = 1024;
/** More pids than this make no command anybody would paste. */
const MOST_PIDS = 32;

/** @param near the processes near their limit, the worst first. */
export function limitRemedies(near: readonly Use[]): Remedy[] {
  const worst = near[0]!;
  const { soft, process } = worst;
  const { hard } = process.limit;
  const wanted = 2 ** Math.ceil(Math.log2(2 * Math.max(...near.map((use) => use.open))));
  const reachable = hard === null ? wanted : Math.min(hard, wanted);
  // One command writes one hard limit, and a hard limit once lowered stays low: only processes that have the same go together.
  const alike = near.filter((use) => use.soft === soft && use.process.limit.hard === hard);
  const pids = alike.slice(0, MOST_PIDS).map((use) => use.process.pid);
  const remedies: Remedy[] = [];
  if (reachable > soft) {
    remedies.push({
      text: `raise the limit of the running process; ${selectWarning(reachable)}a leak only gets more time by it`,
      command: prlimit(pids, '', `${reachable}:${hard ?? ''}`),
      risk: 'live',
    });
  }
  if (reachable < wanted) {
    const full = reachable > soft ? 'the hard limit leaves little room' : 'the hard limit is reached too';
    const ceiling = `the ceiling is fs.nr_open${wanted > DEFAULT_NR_OPEN ? `, ${count(DEFAULT_NR_OPEN)} by default` : ''}`;
    remedies.push({
      text: `${full}: ${selectWarning(wanted)}raising it needs CAP_SYS_RESOURCE, and ${ceiling}`,
      command: prlimit(pids, 'sudo ', `${wanted}:${wanted}`),
      risk: 'live',
    });
  }
  remedies.push(lastingRemedy(process.origin, wanted));
  remedies.push(watchRemedy(process, 'see which descriptors these are, and whether their number rises'));
  return remedies;
}

function selectWarning(limit: number): string {
  return limit > SELECT_LIMIT ? 'check first that the program does not use select(), which breaks at numbers from 1,024 up; ' : '';
}

function prlimit(pids: readonly number[], sudo: string, limits: string): string {
  if (pids.length === 1) return `${sudo}prlimit --pid ${pids[0]} --nofile=${limits}`;
  return `for p in ${pids.join(' ')}; do ${sudo}prlimit --pid "$p" --nofile=${limits}; done`;
}

function lastingRemedy(origin: CgroupOrigin | undefined, limit: number): Remedy {
  const lasting = (text: string, command?: string): Remedy => ({
    text: `for good: ${text}`,
    ...(command !== undefined && { command }),
    risk: 'restart',
  });
  if (origin?.pod !== undefined) {
    return lasting(`a pod has no setting for it; set LimitNOFILE=${limit} in the unit of the node's container runtime, then start the pod anew`);
  }
  if (origin?.container !== undefined) {
    return lasting(`start the container with --ulimit nofile=${limit}:${limit}, or set it in the configuration of its runtime`);
  }
  const unit = origin?.unit;
  if (unit === undefined) {
    return lasting('who set this limit is not known: look at what starts the program (LimitNOFILE=, ulimit -n, /etc/security/limits.conf)');
  }
  if (unit.endsWith('.scope') || unit.startsWith('user@')) {
    return lasting(`it was started from a session: ulimit -n ${limit} in the shell that starts it, or nofile in /etc/security/limits.conf`);
  }
  const user = origin!.path.includes('/user@') ? '--user ' : '';
  const name = shellWord(unit);
  return lasting(`set [Service] LimitNOFILE=${limit} in the unit, then systemctl ${user}restart ${name}`, `systemctl ${user}edit ${name}`);
}
