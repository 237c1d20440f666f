/** `data` of the report: the part scripts read. Add keys, never change them. */
import type { Left } from './attach/index.ts';
import type { NodeTrends } from './watch/event.ts';
import type { Handle, LoopState, NodeLook, OrphanFd, PendingPromise } from './model.ts';

export interface GroupRow {
  kind: string;
  /** Where they were made, else whom they talk to, else what they are about. */
  by: 'site' | 'remote' | 'path' | 'callback' | 'kind';
  key: string;
  count: number;
  refs: number;
  growthPerMinute?: number;
}

export interface NodeData {
  runtime: { name: string; version: string } | null;
  /** How it was asked; null: not at all. */
  attached: string | null;
  handles: Omit<Handle, 'flowing' | 'reads'>[];
  groups: GroupRow[];
  orphanFds: Pick<OrphanFd, 'pid' | 'fd' | 'kind' | 'target' | 'site'>[];
  /** With --busy, or when the loop did not answer: where it is, innermost frame first. */
  busy: { func: string; file: string; line: number; column: number; count?: number }[];
  loop?: LoopState;
  promises?: PendingPromise[];
  /** With --heap: promises that are held, and those of them that have not settled. */
  heap?: { promises: number; pending: number; cut: boolean };
  left: (Left & { how: string }) | null;
  refusal?: { code: string; why: string };
  /** Of a tree: each process. */
  processes: { pid: number; runtime: string; version: string; handles: number; orphanFds: number; left?: Left }[];
  watch?: { windowMs: number; samples: number };
}

export function emptyNodeData(): NodeData {
  return { runtime: null, attached: null, handles: [], groups: [], orphanFds: [], busy: [], left: null, processes: [] };
}

export function dataOf(looks: readonly NodeLook[], how: string, trends: readonly NodeTrends[] = []): NodeData {
  const [first] = looks;
  const handles = looks.flatMap((look) => look.handles);
  const loop = looks.find((look) => look.loop)?.loop;
  const worst = loop?.stacks[0];
  return {
    runtime: first ? { name: first.runtime.name, version: first.runtime.version } : null,
    attached: how,
    handles: handles.map(({ flowing: _flowing, reads: _reads, ...rest }) => rest),
    groups: withGrowth(groupsOf(handles), trends),
    orphanFds: looks.flatMap(({ orphans }) => orphans.map(({ pid, fd, kind, target, site }) => ({ pid, fd, kind, target, ...(site !== undefined && { site }) }))),
    busy: worst ? worst.frames.map(({ func, file, line, column }) => ({ func, file, line, column })) : [],
    ...(loop && { loop }),
    ...(first?.promises && { promises: first.promises }),
    ...(first?.heap && { heap: first.heap }),
    left: first?.left ? { ...first.left, how } : null,
    ...(trends[0] && { watch: { windowMs: Math.round(trends[0].windowMs), samples: trends[0].samples } }),
    processes: looks.map(({ process, runtime, handles: own, orphans, left }) => ({ pid: process.pid, runtime: runtime.name, version: runtime.version, handles: own.length, orphanFds: orphans.length, ...(left && { left }) })),
  };
}

/** A rate where one was measured, and all through the window. */
function withGrowth(groups: GroupRow[], trends: readonly NodeTrends[]): GroupRow[] {
  const rates = new Map(trends.flatMap((event) => event.groups.map((group) => [`${group.kind}\0${group.by}\0${group.key}`, group] as const)));
  for (const group of groups) {
    const trend = rates.get(`${group.kind}\0${group.by}\0${group.key}`);
    if (trend && trend.trend !== 'too-short') group.growthPerMinute = Number(trend.growthPerMinute.toFixed(2));
  }
  return groups.sort((a, b) => (b.growthPerMinute ?? 0) - (a.growthPerMinute ?? 0) || b.count - a.count || (a.kind < b.kind ? -1 : 1));
}

/** What a handle is grouped by: the best that is known of where it comes from. */
export function groupOf(handle: Handle): Pick<GroupRow, 'by' | 'key'> {
  if (handle.site !== undefined) return { by: 'site', key: handle.site };
  if (handle.accepted && handle.local !== undefined) return { by: 'remote', key: `accepted on ${handle.local}` };
  if (handle.remote !== undefined && handle.kind !== 'tcp-server') return { by: 'remote', key: handle.remote };
  if (handle.path !== undefined) return { by: 'path', key: handle.path };
  if (handle.callback !== undefined) return { by: 'callback', key: handle.callback };
  if (handle.local !== undefined) return { by: 'path', key: handle.local };
  return { by: 'kind', key: handle.command ?? (handle.stdio ? 'standard stream' : '') };
}

export function groupsOf(handles: readonly Handle[]): GroupRow[] {
  const groups = new Map<string, GroupRow>();
  for (const handle of handles) {
    const { by, key } = groupOf(handle);
    const id = `${handle.kind}\0${by}\0${key}`;
    const group = groups.get(id) ?? { kind: handle.kind, by, key, count: 0, refs: 0 };
    group.count++;
    if (handle.ref !== false) group.refs++;
    groups.set(id, group);
  }
  return [...groups.values()].sort((a, b) => b.count - a.count || (a.kind < b.kind ? -1 : 1));
}
