/** Which parts are asked, in which order, and what each leaves in the report. */
import type { CommandContext } from '../command.ts';
import type { FdsData } from '../fds/index.ts';
import type { GoroutinesData } from '../goroutines/index.ts';
import type { InotifyData } from '../inotify/index.ts';
import { readProcess, stillThere } from '../kernel/process.ts';
import type { ResolvedTarget } from '../kernel/targets/index.ts';
import type { Process } from '../kernel/types.ts';
import type { ListenData } from '../listen/index.ts';
import type { NodeData } from '../node/index.ts';
import type { Coverage, Finding, Target } from '../report/index.ts';
import { plural } from '../report/words.ts';
import type { TasksData } from '../tasks/index.ts';
import { lessNeeded } from './merge.ts';
import { coverageOf, type PartName, type PartResult, runPart, type Runner } from './parts.ts';
import type { PartsData } from './types.ts';
import type { Section } from './view.ts';

export interface Asked {
  spec: string | undefined;
  target: ResolvedTarget;
  tree: boolean;
  watch?: { watch: string; interval?: string };
  /** With it: so long queues are looked at meanwhile. */
  queuesMs?: number;
}

export interface Seen {
  target: Target;
  parts: PartsData;
  findings: Finding[][];
  coverage: Coverage[][];
  sections: Section[];
  skipped: { part: string; why: string }[];
}

/** More processes of one service are workers of one kind: the first of them tell what they do. */
const MOST_GO = 16;

/** Throws UserError when there is nothing at all to be seen. */
export async function collectParts(asked: Asked, context: CommandContext, run: Runner = runPart): Promise<Seen> {
  const { spec, target, tree, watch, queuesMs } = asked;
  const live = context.tapeHeader === undefined;
  const pinned = live ? target.pids.flatMap((pid) => readProcess(context.evidence, pid) ?? []) : [];
  const seen: Seen = { target: { spec: target.spec, label: target.name || target.spec, pids: target.pids }, parts: {}, findings: [], coverage: [], sections: [], skipped: [] };
  const common = tree ? { tree: true } : {};
  const lacking = lackingOn(context.tapeHeader);
  const part = async (name: PartName, options: Record<string, unknown> = {}): Promise<PartResult> => lacking.has(name) ? { skipped: 'it is not on this tape' } : run({ name, spec, options: { ...common, ...options } }, context);

  // What grows is sampled by both at once: the time is that of one watch.
  const sampledGo = watch ? askGoroutines(asked, context, run) : undefined;
  const queues = queuesMs === undefined ? undefined : watchQueues(part, queuesMs);
  const descriptors = await part('fds', { ...watch });
  if ('failed' in descriptors && pinned.length === 0 && live) throw descriptors.failed;
  keep(seen, 'fds', descriptors, (data) => (seen.parts.fds = data as FdsData));
  if ('outcome' in descriptors && descriptors.outcome.target) seen.target = descriptors.outcome.target;

  keep(seen, 'listen', await (queues?.listen ?? part('listen')), (data) => {
    seen.parts.listen = data as ListenData;
    return (data as ListenData).listeners.length > 0;
  });
  keep(seen, 'inotify', await (queues?.inotify ?? part('inotify')), (data) => {
    seen.parts.inotify = data as InotifyData;
    return (data as InotifyData).instances.length > 0;
  });
  // These three mostly wait. Who holds other ends was looked for near the target already: all processes would cost more than all else.
  const [threads, handles, goroutines] = await Promise.all([part('tasks', { owners: false }), part('node'), sampledGo ?? (lacking.has('goroutines') ? [] : askGoroutines(asked, context, run))]);
  keep(seen, 'tasks', threads, (data) => (seen.parts.tasks = data as TasksData));
  if (lacking.has('tasks')) seen.coverage.push([{ source: 'threads', status: 'absent', detail: 'they are not on this tape, which is of an earlier version', fix: 'record it again', needed: false }]);
  keepGoroutines(seen, goroutines);
  keepHandles(seen, handles, target.spec);
  if (live) seen.coverage.push(endings(pinned, context));
  return seen;
}

/** As `record` watches them; which of the parts is at it the user is not told. */
function watchQueues(part: (name: PartName, options: Record<string, unknown>) => Promise<PartResult>, queuesMs: number): Record<'listen' | 'inotify', Promise<PartResult>> {
  const watch = `${queuesMs}ms`;
  return { listen: part('listen', { watch, onlyTcp: true }), inotify: part('inotify', { watch }) };
}

/** Tapes of earlier versions, and without options, do not hold all parts. */
function lackingOn(header: CommandContext['tapeHeader']): Set<PartName> {
  if (!header) return new Set();
  return new Set([...(header.tasksMs === undefined ? (['tasks'] as const) : []), ...(header.node ? [] : (['node'] as const)), ...(header.goroutines ? [] : (['goroutines'] as const))]);
}

/** Adds what a part gave; `take` says whether its section is worth showing. */
function keep(seen: Seen, name: PartName, result: PartResult, take: (data: object) => unknown): void {
  if ('skipped' in result) seen.skipped.push({ part: name, why: result.skipped });
  else if ('failed' in result) {
    seen.coverage.push([{ ...coverageOf(name, result.failed), ...(name === 'fds' && { needed: true }) }]);
    seen.skipped.push({ part: name, why: result.failed.message });
  } else {
    const { findings, coverage, data, body } = result.outcome;
    seen.findings.push(findings);
    seen.coverage.push(lessNeeded(coverage));
    if (take(data) !== false) seen.sections.push({ name, body });
  }
}

interface GoResult {
  pid: number;
  result: PartResult;
}

/** Each process by itself: a service may be a Go program and a shell. */
async function askGoroutines({ target, watch }: Asked, context: CommandContext, run: Runner): Promise<GoResult[]> {
  const { NotGo } = await import('../goroutines/index.ts');
  const found: GoResult[] = [];
  for (const pid of target.pids.slice(0, MOST_GO)) {
    const result = await run({ name: 'goroutines', spec: String(pid), options: { sockets: true, leakProfile: false, ...watch } }, context);
    found.push({ pid, result: 'failed' in result && result.failed instanceof NotGo ? { skipped: result.failed.message } : result });
  }
  return found;
}

function keepGoroutines(seen: Seen, results: readonly GoResult[]): void {
  for (const { pid, result } of results) {
    keep(seen, 'goroutines', result, (data) => (seen.parts.goroutines = [...(seen.parts.goroutines ?? []), { ...(data as GoroutinesData), pid }]));
  }
}

/** Why a Node was not asked is no finding of its coverage there: here it is what one line says. */
function keepHandles(seen: Seen, result: PartResult, spec: string): void {
  const refusal = 'outcome' in result ? (result.outcome.data as NodeData).refusal : undefined;
  if (!('outcome' in result) || refusal === undefined) {
    keep(seen, 'node', result, (data) => (seen.parts.node = data as NodeData));
    return;
  }
  const { outcome } = result;
  // A loop that stands still is seen without asking it.
  seen.findings.push(outcome.findings);
  seen.skipped.push({ part: 'node', why: refusal.why });
  if (NO_NODE.has(refusal.code)) return;
  // Whoever is too young for a signal now will be old enough for the command that is told.
  const mayAsk = refusal.code === 'not-asked' || refusal.code === 'too-young';
  const detail = mayAsk ? 'they are told by Node itself, and only a signal would make it listen: report sends none' : refusal.why;
  seen.coverage.push([{ source: 'handles of Node', status: mayAsk ? 'absent' : 'unsupported', detail, ...(mayAsk && { fix: `reloadctl node ${spec}` }), needed: false }]);
}

const NO_NODE = new Set(['not-node', 'bun', 'deno', 'gone', 'zombie', 'reused']);

/** Whoever ended meanwhile was seen in part only, whichever part it was that missed it. */
function endings(pinned: readonly Process[], { evidence }: CommandContext): Coverage[] {
  const gone = pinned.filter((process) => process.state !== 'Z' && stillThere(evidence, process) !== 'same');
  if (gone.length === 0) return [];
  const detail = gone.length === 1 ? `process ${gone[0]!.pid} ended while it was looked at: what was seen until then is told` : `${plural('process', gone.length, 'processes')} ended while they were looked at`;
  return [{ source: 'processes', status: 'absent', seen: pinned.length - gone.length, total: pinned.length, detail, needed: true }];
}

