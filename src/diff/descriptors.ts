/** Which descriptors are still those of before: of `fds` reports with --list, and of tapes. */
import { isObject, list, number, optional, type Problem, shape, text } from './check.ts';
import { withoutNames } from './pseudonyms.ts';

export interface DescriptorChanges {
  /** The same thing at the same number of the same process. */
  survived: number;
  opened: number;
  closed: number;
  /** Processes of both that cannot be the same: they, and what they hold, are left out. */
  otherProcesses: number;
}

interface Row {
  pid: number;
  fd: number;
  kind: string;
  target: string;
  inode?: string;
  eventfdId?: string;
}

const listed = shape({
  fds: list(shape({ pid: number, fd: number, kind: text, target: text, inode: optional(text), eventfdId: optional(text) })),
  processes: list(shape({ pid: number, startTime: text })),
});

/** Null when one of them has no list of descriptors. */
export function compareDescriptors(
  a: { data: Record<string, unknown>; wrong(problem: Problem): Error },
  b: { data: Record<string, unknown>; wrong(problem: Problem): Error },
  nameless: boolean,
): DescriptorChanges | null {
  if (a.data.fds === undefined || b.data.fds === undefined) return null;
  for (const { data, wrong } of [a, b]) {
    const problem = listed(data, ['data']);
    if (problem) throw wrong(problem);
  }
  const [before, now] = [processesOf(a.data), processesOf(b.data)];
  const common = new Set([...before].filter((process) => now.has(process)).map((process) => Number(process.split(':')[0])));
  const [old, fresh] = [identitiesOf(a.data, common, nameless), identitiesOf(b.data, common, nameless)];
  let survived = 0;
  for (const [identity, times] of fresh.counts) survived += Math.min(times, old.counts.get(identity) ?? 0);
  return { survived, opened: fresh.total - survived, closed: old.total - survived, otherProcesses: before.size + now.size - 2 * common.size };
}

/** `pid:startTime`: a pid alone is used again. */
export function processesOf({ processes }: Record<string, unknown>): Set<string> {
  const rows = Array.isArray(processes) ? processes.filter(isObject) : [];
  return new Set(rows.map(({ pid, startTime }) => `${String(pid)}:${String(startTime)}`));
}

function identitiesOf({ fds }: Record<string, unknown>, pids: ReadonlySet<number>, nameless: boolean): { counts: Map<string, number>; total: number } {
  const counts = new Map<string, number>();
  let total = 0;
  for (const { pid, fd, kind, target, inode, eventfdId } of (fds as unknown[]).filter((row): row is Record<string, unknown> & Row => isObject(row))) {
    if (!pids.has(pid)) continue;
    const identity = [pid, fd, kind, nameless ? withoutNames(target) : target, inode ?? '', eventfdId ?? ''].join('\0');
    counts.set(identity, (counts.get(identity) ?? 0) + 1);
    total++;
  }
  return { counts, total };
}
