/** `listen`: who holds which port, and what waits there. */
import type { Command } from 'commander';
import type { CommandContext, Outcome } from '../command.ts';
import type { CoverageLog } from '../kernel/coverage.ts';
import { parseDuration } from '../kernel/duration.ts';
import { targetOf } from '../kernel/look-at.ts';
import { takeSnapshot } from '../kernel/snapshot/take.ts';
import type { Snapshot } from '../kernel/types.ts';
import { UserError } from '../kernel/user-error.ts';
import { type Finding, runRules, type Target } from '../report/index.ts';
import { count, shellWord } from '../report/words.ts';
import { collectListen, type Collected, type Scope } from './collect.ts';
import { buildData, emptyData } from './data.ts';
import type { ListenLook } from './model.ts';
import { whereOf } from './names.ts';
import { viewOf } from './view.ts';

export { emptyData };

const LONGEST_WATCH_MS = 86_400_000;
/** More than so many that hold one port, or let connections wait, are workers of one kind. */
const MOST_OWNERS = 32;

export function configure(command: Command): void {
  command
    .argument('[target]', 'pid, :port, process name, unit:NAME, container:ID, pod:NS/NAME, or a pid file; without one every listener of every network namespace')
    .option('--tree', 'with all descendants')
    .option('--watch <time>', 'count what is turned away for this long (30s, 5m), and see the longest queues')
    .option('--outbound', 'what stands in the way of new connections to others: local ports by destination, TIME_WAIT, limits of files, processes and conntrack')
    .option('--all', 'all listeners (destinations), not only the first')
    .option('--from <tape>', 'analyse a tape made by reloadctl record instead of this host')
    .addHelpText('after', '\nExit codes: 0 nothing found, 1 findings, or nobody listens on the port, 3 could not look.\nConnections that wait are looked at again after 2 s at most, by a watch at its end.');
}

export async function run(args: string[], options: Record<string, unknown>, context: CommandContext): Promise<Outcome> {
  const [spec] = args;
  const asked = typeof options.watch === 'string' ? parseDuration('--watch', options.watch) : undefined;
  if (asked !== undefined && asked > LONGEST_WATCH_MS) throw new UserError(`--watch ${String(options.watch)} is longer than a day`);
  if (asked !== undefined && context.tapeHeader) throw new UserError('a tape cannot be watched: leave --watch out', { hints: ['reloadctl record TARGET --watch 5s -o FILE records one that was'] });
  const windowMs = context.tapeHeader?.listenMs ?? asked;
  const { scope, target, snapshot } = await scopeOf(spec, Boolean(options.tree), context);
  const { evidence, signal, progress } = context;
  const collected = await collectListen(scope, { evidence, signal, progress, ...asking(context), ...(windowMs !== undefined && { windowMs, onlyTcp: context.tapeHeader !== undefined || options.onlyTcp === true }), ...(options.outbound === true && { outbound: true }) });
  const { look, coverage, nearest, outbound, udp } = collected;
  const seen = snapshot ?? (await ownersOf(collected, scope, context));
  if (seen) {
    noteRest(seen.coverage, coverage);
    noteElsewhere(seen.snapshot, coverage);
  }
  if (nearest) coverage.note({ source: 'target', status: 'absent', detail: `nobody listens on ${look.label}${udp ? ' by TCP' : ''}`, needed: true });
  const leftOut = context.tapeHeader?.leftOut;
  if (outbound && leftOut !== undefined) {
    coverage.note({ source: 'ports to connect from', status: 'partial', detail: `${count(leftOut)} sockets of programs that share no end with the target are not on this tape: ports are counted of the target and of whoever has to do with it`, fix: 'reloadctl listen --outbound   # on the host', needed: true });
  }
  const data = buildData(look, nearest, outbound);
  const isUnsure = coverage.list().some(({ source, status, needed }) => needed && status !== 'ok' && source !== 'target');
  return {
    kind: 'report',
    target: target ?? null,
    findings: runRules(context.rules, [look, ...(outbound ? [outbound] : []), ...(seen ? [seen.snapshot] : [])]).filter((finding) => scope.kind !== 'port' || isOfPort(finding, look)),
    coverage: coverage.list(),
    data,
    body: () => viewOf(look, { nearest, udp, outbound, all: Boolean(options.all), unread: isUnsure }),
    ...(nearest && !isUnsure && { verdict: 'fail' as const }),
  };
}

interface Seen {
  snapshot: Snapshot;
  coverage: CoverageLog;
}

/** A port is a question of its own: nobody need hold it. What is on a tape is its target. */
async function scopeOf(spec: string | undefined, tree: boolean, context: CommandContext): Promise<{ scope: Scope; target?: Target; snapshot?: Seen }> {
  const port = spec !== undefined && /^:\d{1,5}$/.test(spec) && !context.tapeHeader ? Number(spec.slice(1)) : undefined;
  if (port !== undefined) {
    if (port < 1 || port > 65535) throw new UserError(`not a port: ${spec} (use :1 to :65535)`);
    return { scope: { kind: 'port', port }, target: { spec: spec!, label: `port ${port}`, pids: [] } };
  }
  if (spec === undefined && !context.tapeHeader) return { scope: { kind: 'all' } };
  const { pids, name, ...found } = targetOf(spec, tree, context, 'listen');
  const snapshot = await lookAt(pids, name, context);
  const { label } = snapshot.snapshot;
  return { scope: { kind: 'processes', pids, label }, target: { spec: found.spec, label, pids }, snapshot };
}

/** Who replays a tape may have any rights: what was denied was denied to the recording. */
function asking({ tapeHeader, rerun, isRoot }: CommandContext): { rerun: string; isRoot: boolean } {
  return tapeHeader ? { rerun: `reloadctl record ${shellWord(tapeHeader.spec)} -o FILE`, isRoot: false } : { rerun, isRoot };
}

async function lookAt(pids: readonly number[], name: string, context: CommandContext): Promise<Seen> {
  return takeSnapshot(context.evidence, pids, name, { allOwners: false, everything: false, packed: true, details: context.evidence.origin === 'tape', ...asking(context), signal: context.signal });
}

/** Of a port all that hold it, else those at whose listeners something waits: for what is known of their other sockets. */
async function ownersOf({ look }: Collected, scope: Scope, context: CommandContext): Promise<Seen | undefined> {
  const meant = look.addresses.flatMap(({ listeners }) => listeners).filter(({ queue = 0 }) => scope.kind === 'port' || queue > 0);
  const pids = new Set(meant.flatMap(({ owners }) => owners.map(({ process }) => process.pid)));
  pids.delete(process.pid);
  return pids.size === 0 || context.signal.aborted ? undefined : lookAt([...pids].slice(0, MOST_OWNERS), look.label, context);
}

/** Who asks about one port is not told what waits at another one of the same process. */
function isOfPort({ id, subject }: Finding, { addresses }: ListenLook): boolean {
  return id !== 'listen/accept-queue-full' || addresses.some((address) => subject.key.endsWith(` ${whereOf(address)}`));
}

/** A process may hold a socket of a namespace that it is not in: that it listens is all that is known of it. */
function noteElsewhere({ probes }: Snapshot, coverage: CoverageLog): void {
  const found = [...probes].filter(([, probe]) => probe.listening);
  const [first] = found;
  if (!first) return;
  const [[key, { netns, local }]] = [first];
  const [pid, fd] = key.split(':');
  const detail = `${found.length} held from outside of their network namespace: fd ${fd} of ${pid} listens${local === undefined ? '' : ` on ${local}`} in namespace ${netns ?? '(not known which)'}`;
  coverage.note({ source: 'listeners elsewhere', status: 'unsupported', seen: 0, total: found.length, detail, fix: 'name a process that is in that namespace', needed: true });
}

/** What the look at the processes lacks is no gap in what was asked here, but what they hold is. Who holds other ends is not asked at all. */
function noteRest(from: CoverageLog, into: CoverageLog): void {
  const known = new Set(['owners of other ends', ...into.list().map(({ source }) => source)]);
  for (const entry of from.list()) if (entry.status !== 'ok' && !known.has(entry.source)) into.note({ ...entry, needed: entry.source === 'fd table' && entry.status === 'denied' });
}
