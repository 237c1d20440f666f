/** From a target to a tape of it: every question that a command with --from could ask. */
import { hostname, release } from 'node:os';
import type { CommandContext, TapeTarget } from '../command.ts';
import { openRedactor, openTapeWriter, type Redactor, type TapeWriter } from '../evidence/index.ts';
import { queuesMsOf, watchTarget } from '../fds/index.ts';
import { askUser, collectInotify } from '../inotify/index.ts';
import { collectListen } from '../listen/index.ts';
import { CoverageLog } from '../kernel/coverage.ts';
import { takeSnapshot } from '../kernel/snapshot/take.ts';
import { type ResolvedTarget, resolveTarget } from '../kernel/targets/index.ts';
import type { Snapshot } from '../kernel/types.ts';
import { decodeText, encodeText } from '../kernel/text.ts';
import { UserError } from '../kernel/user-error.ts';
import { recordGenerations } from '../inherit/index.ts';
import { ProcessTree } from '../kernel/process-tree.ts';
import { collectPreflight } from '../preflight/index.ts';
import { collectTasks, TASKS_MS } from '../tasks/index.ts';
import type { FileSink } from '../render/index.ts';
import { version } from '../version.ts';

/** So many characters: a file that is larger is packed (gzip), which every reader of tapes knows by its first bytes. */
const PACKED_FROM = 256 * 1024;

/** SIGHUP: which one it is makes no difference for what is asked. */
const ANY_SIGNAL = 1;

/** Asks everything any command with --from could ask, and notes question and answer. */
export async function recordTape(source: TapeTarget, full: boolean, options: Record<string, unknown>, context: CommandContext): Promise<{ text: string; snapshot: Snapshot; coverage: CoverageLog }> {
  const { rerun, isRoot, signal } = context;
  const writer = openWriter(source, full ? undefined : openRedactor(), context);
  // What is made of its memory, at the same time: nothing of that is asked through this evidence.
  const { recordGoroutines } = await import('../goroutines/index.ts');
  const goroutines = source.goroutines && recordGoroutines(writer.evidence, source.pids, source.watch, context);
  if (source.watch) await watchTarget(source, undefined, source.watch, { ...context, evidence: writer.evidence });
  const { snapshot, coverage } = await takeSnapshot(writer.evidence, source.pids, source.name, { allOwners: true, everything: true, rerun, isRoot, signal });
  // Who has what of inotify, in all processes: for inotify-limits, whose gaps are told there.
  await askUser({ evidence: writer.evidence, signal, rerun, isRoot, tryInstances: 1, everybody: true }, new CoverageLog());
  // What its instances watch, and what waits in them: for inotify, whose gaps are told there too.
  const { queuesMs } = source.watch ?? {};
  await collectInotify(writer.evidence, source.pids, source.name, { expect: [], rerun, isRoot, signal, ...(queuesMs !== undefined && { windowMs: queuesMs }) });
  // Who holds its listeners, and what waits there: for listen.
  await collectListen({ kind: 'processes', pids: source.pids, label: source.name }, { evidence: writer.evidence, rerun, isRoot, signal, ...(source.outbound && { outbound: true }), ...(source.listenMs !== undefined && { windowMs: source.listenMs, onlyTcp: true }) });
  // Whether it would reload: each by itself, since which one gets the signal is told later. Tapes of earlier versions do not have it.
  // What its threads wait for, as long as tasks alone looks: what it finds then is found on the tape.
  if (source.tasksMs !== undefined) await collectTasks(writer.evidence, source.pids, source.name, { windowMs: source.tasksMs, rerun, isRoot, signal });
  const tree = source.reload ? new ProcessTree(writer.evidence) : undefined;
  if (tree) for (const pid of source.pids) await collectPreflight(writer.evidence, [pid, ...tree.descendants(pid)], { number: ANY_SIGNAL, everything: true, signal, ...(source.replace !== undefined && { replace: encodeText(source.replace) }) });
  if (source.reload) await recordGenerations(writer.evidence, source.pids, { rerun, isRoot, signal });
  await goroutines;
  if (source.node) {
    // Loaded only where it is wanted.
    const { recordNodes } = await import('../node/index.ts');
    await recordNodes(writer.evidence, source.pids, { yes: options.yes, promises: options.promises, ...(source.watch && { windowMs: source.watch.windowMs }) }, context);
  }
  return { text: writer.finish(), snapshot, coverage };
}

/** Packed where it is large, and whole or not at all. Returns its size. */
export async function writeTape(file: FileSink, text: string): Promise<number> {
  if (text.length <= PACKED_FROM) {
    await file.write(text);
    await file.finish();
    return Buffer.byteLength(text);
  }
  const packed = process.getBuiltinModule('node:zlib').gzipSync(text, { level: 3 });
  await file.writeBytes(packed);
  await file.finish();
  return packed.length;
}

/** The processes to record, of this host or of a tape. */
export function sourceOf(spec: string | undefined, options: Pick<TapeTarget, 'watch' | 'node' | 'replace'> & { tree: boolean; full: boolean }, { evidence, tapeHeader }: CommandContext): TapeTarget {
  if (tapeHeader) {
    if (spec !== undefined || options.tree || options.watch || options.node || options.replace !== undefined) throw new UserError('record --from takes the whole tape: leave the target, --tree, --watch, --node and --replace out');
    if (options.full && tapeHeader.redacted) throw new UserError('the names on this tape are pseudonyms already: --full cannot bring them back');
    // What an earlier version did not ask is not on its tapes.
    const { reload, ...rest } = tapeHeader;
    return rest.outbound && reload ? tapeHeader : rest;
  }
  if (spec === undefined) throw new UserError('record needs a target', { hints: ['reloadctl record <pid | name | :port | unit:NAME> -o FILE'] });
  const target = resolveTarget(evidence, spec, { tree: options.tree, command: 'record' });
  return sourceNow(target, options);
}

/** A target of this host, as it is recorded now. */
export function sourceNow(target: ResolvedTarget, { watch, node, replace }: Pick<TapeTarget, 'watch' | 'node' | 'replace'>): TapeTarget {
  return {
    ...target, ...(watch && { watch }), ...(node && { node }), ...(replace !== undefined && { replace }),
    reload: true, outbound: true, goroutines: true, tasksMs: TASKS_MS, ...(watch && { listenMs: queuesMsOf(watch) }),
    recordedAt: new Date().toISOString(), host: { kernel: release(), hostname: hostname() }, redacted: false,
  };
}

function openWriter(source: TapeTarget, redactor: Redactor | undefined, { evidence }: CommandContext): TapeWriter {
  const hide = (text: string): string => redactor?.text(text) ?? text;
  const { spec, name, pids, watch, node, goroutines, reload, outbound, replace, tasksMs, listenMs, recordedAt, redacted, host, leftOut } = source;
  const header = {
    tool: version,
    recordedAt,
    redacted,
    ...(leftOut !== undefined && { leftOut }),
    host: { kernel: host.kernel, hostname: hide(host.hostname) },
    target: { spec: hide(spec), name: hide(name), pids, ...(watch && { watch }), ...(node && { node }), ...(goroutines && { goroutines }), ...(reload && { reload }), ...(outbound && { outbound }), ...(tasksMs !== undefined && { tasksMs }), ...(listenMs !== undefined && { listenMs }), ...(replace !== undefined && { replace: redactor ? decodeText(redactor.key('readlink', encodeText(replace))).text : replace }) },
  };
  return openTapeWriter(evidence, header, redactor, pids);
}
