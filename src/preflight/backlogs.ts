/** Listeners of the generation against net.core.somaxconn, which cuts the backlog of whoever calls listen() again. */
import type { Evidence } from '../evidence/types.ts';
import { type CoverageLog, errnoWords, statusOf } from '../kernel/coverage.ts';
import { parseNumber } from '../kernel/proc/scan.ts';
import type { Backlog } from './model.ts';

const SOMAXCONN = '/proc/sys/net/core/somaxconn';

/** @param pids of the generation */
export function readBacklogs(evidence: Evidence, pids: readonly number[], coverage: CoverageLog): Backlog[] {
  const [main] = pids;
  const { value, errno = 'ENOTSUP' } = evidence.network?.sockDiagOf(main!, 'tcp listeners') ?? {};
  if (!value) {
    coverage.note({ source: 'backlogs', status: statusOf(errno), detail: errnoWords(errno), needed: false });
    return [];
  }
  const somaxconn = parseNumber(evidence.network?.readAsNetOf(main!, [SOMAXCONN])[0]?.value?.trim() ?? '');
  if (value.length === 0 || somaxconn < 0) return [];
  const links = value.map(({ inode }) => `socket:[${inode}]`);
  const held = new Set(pids.flatMap((pid) => (evidence.users?.findLinks(pid, links).value ?? []).map((fd) => evidence.readlink(`/proc/${pid}/fd/${fd}`).value)));
  return value.flatMap(({ inode, local = '', receiveQueue: queue, sendQueue: backlog }) => {
    const colon = local.lastIndexOf(':');
    return held.has(`socket:[${inode}]`) ? [{ address: local.slice(0, colon), port: Number(local.slice(colon + 1)), queue, backlog, somaxconn }] : [];
  });
}
