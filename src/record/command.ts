import { hostname, release } from 'node:os';
import type { Command } from 'commander';
import type { CommandContext, Outcome, TapeTarget } from '../command.ts';
import { openRedactor, openTapeWriter, type Redactor, type TapeWriter } from '../evidence/index.ts';
import { parseWatch, watchTarget } from '../fds/index.ts';
import { askUser, collectInotify } from '../inotify/index.ts';
import { collectListen } from '../listen/index.ts';
import { CoverageLog } from '../kernel/coverage.ts';
import { takeSnapshot } from '../kernel/snapshot/take.ts';
import { resolveTarget } from '../kernel/targets/index.ts';
import type { Snapshot } from '../kernel/types.ts';
import { UserError } from '../kernel/user-error.ts';
import { recordGenerations } from '../inherit/index.ts';
import { collectPreflight } from '../preflight/index.ts';
import { FileSink } from '../render/index.ts';
import { bytes, plural, shellWord } from '../report/words.ts';
import { version } from '../version.ts';

/** Long enough to tell whether queues are read, and not all of a long watch once more. */
const LONGEST_QUEUES_MS = 5000;

/** SIGHUP: which one it is makes no difference for what is asked. */
const ANY_SIGNAL = 1;

/** Target and options of `record`. */
export function configure(command: Command): void {
  command
    .argument('[target]', 'as for fds')
    .option('-o, --output <file>', 'the tape to write; - is stdout')
    .option('--tree', 'with all descendants')
    .option('--watch <time>', 'samples for this long before the look (30s, 5m), for what grows; then up to 5s of the queues of inotify instances, where there are any')
    .option('--interval <time>', 'time between samples of --watch')
    .option('--node', 'with the handles of Node processes, for node --from: what node does to a process to learn them, this does')
    .option('--promises', 'with --node and --watch: promises that do not settle, too')
    .option('--yes', 'with --node: send SIGUSR1 without asking')
    .option('--full', 'keep names and addresses as they are, instead of pseudonyms')
    .option('--from <tape>', 'make the tape from another one, to take its names out; - is stdin');
}

/** Records a target, or copies a tape without its names. Where the tape goes is tried before anything is asked. */
export async function run(args: string[], options: Record<string, unknown>, context: CommandContext): Promise<Outcome> {
  const { output } = options;
  const full = Boolean(options.full);
  const watching = parseWatch(options.watch, options.interval);
  if (typeof output !== 'string') throw new UserError('record needs a file to write', { hints: [`reloadctl record ${shellWord(args[0] ?? 'TARGET')} -o incident.rctl`] });
  const onStdout = output === '-';
  if (onStdout && context.formatOnStdout !== undefined) {
    throw new UserError(`the tape and the report (${context.formatOnStdout}) both want stdout: give one of them a file`);
  }
  const source = sourceOf(args[0], { tree: Boolean(options.tree), full, ...(watching && { watch: { ...watching, queuesMs: Math.min(watching.windowMs, LONGEST_QUEUES_MS) } }), ...(Boolean(options.node) && { node: true as const }) }, context);
  const file = onStdout ? undefined : await FileSink.open(output);
  try {
    const { text, snapshot, coverage } = await recordTape(source, full, options, context);
    await file?.write(text);
    await file?.finish();
    const open = snapshot.tables.reduce((sum, table) => sum + table.fds.length, 0);
    const size = Buffer.byteLength(text);
    const place = onStdout ? 'stdout' : output;
    return {
      kind: 'report',
      target: { spec: source.spec, label: snapshot.label, pids: source.pids },
      findings: [],
      coverage: coverage.list(),
      data: { file: output, bytes: size, open, redacted: source.redacted || !full },
      ...(onStdout && { document: text }),
      body: () => [
        { type: 'blank' },
        { type: 'paragraph', text: `${snapshot.label}: ${plural('descriptor', open)} on ${place}, ${bytes(size)}, ${full ? 'with all names: keep it to yourself' : 'names and addresses are pseudonyms'}` },
        ...(onStdout ? [] : [{ type: 'command' as const, text: `reloadctl fds --from ${shellWord(output)}` }]),
      ],
    };
  } catch (error) {
    await file?.discard();
    throw error;
  }
}

/** Asks everything any command with --from could ask, and notes question and answer. */
async function recordTape(source: TapeTarget, full: boolean, options: Record<string, unknown>, context: CommandContext): Promise<{ text: string; snapshot: Snapshot; coverage: CoverageLog }> {
  const { rerun, isRoot, signal } = context;
  const writer = openWriter(source, full ? undefined : openRedactor(), context);
  if (source.watch) await watchTarget(source, undefined, source.watch, { ...context, evidence: writer.evidence });
  const { snapshot, coverage } = await takeSnapshot(writer.evidence, source.pids, source.name, { allOwners: true, everything: true, rerun, isRoot, signal });
  // Who has what of inotify, in all processes: for inotify-limits, whose gaps are told there.
  await askUser({ evidence: writer.evidence, signal, rerun, isRoot, tryInstances: 1, everybody: true }, new CoverageLog());
  // What its instances watch, and what waits in them: for inotify, whose gaps are told there too.
  const { queuesMs } = source.watch ?? {};
  await collectInotify(writer.evidence, source.pids, source.name, { expect: [], rerun, isRoot, signal, ...(queuesMs !== undefined && { windowMs: queuesMs }) });
  // Who holds its listeners, and what waits there: for listen.
  await collectListen({ kind: 'processes', pids: source.pids, label: source.name }, { evidence: writer.evidence, rerun, isRoot, signal });
  // Whether it would reload: each by itself, since which one gets the signal is told later. Tapes of earlier versions do not have it.
  if (source.reload) for (const pid of source.pids) await collectPreflight(writer.evidence, [pid], { number: ANY_SIGNAL, everything: true, signal });
  if (source.reload) await recordGenerations(writer.evidence, source.pids, { rerun, isRoot, signal });
  if (source.node) {
    // Loaded only where it is wanted.
    const { recordNodes } = await import('../node/index.ts');
    await recordNodes(writer.evidence, source.pids, { yes: options.yes, promises: options.promises, ...(source.watch && { windowMs: source.watch.windowMs }) }, context);
  }
  return { text: writer.finish(), snapshot, coverage };
}

/** The processes to record, of this host or of a tape. */
function sourceOf(spec: string | undefined, options: Pick<TapeTarget, 'watch' | 'node'> & { tree: boolean; full: boolean }, { evidence, tapeHeader }: CommandContext): TapeTarget {
  if (tapeHeader) {
    if (spec !== undefined || options.tree || options.watch || options.node) throw new UserError('record --from takes the whole tape: leave the target, --tree, --watch and --node out');
    if (options.full && tapeHeader.redacted) throw new UserError('the names on this tape are pseudonyms already: --full cannot bring them back');
    return tapeHeader;
  }
  if (spec === undefined) throw new UserError('record needs a target', { hints: ['reloadctl record <pid | name | :port | unit:NAME> -o FILE'] });
  const target = resolveTarget(evidence, spec, { tree: options.tree, command: 'record' });
  return { ...target, ...(options.watch && { watch: options.watch }), ...(options.node && { node: true as const }), reload: true, recordedAt: new Date().toISOString(), host: { kernel: release(), hostname: hostname() }, redacted: false };
}

function openWriter(source: TapeTarget, redactor: Redactor | undefined, { evidence }: CommandContext): TapeWriter {
  const hide = (text: string): string => redactor?.text(text) ?? text;
  const { spec, name, pids, watch, node, reload, recordedAt, redacted, host } = source;
  const header = {
    tool: version,
    recordedAt,
    redacted,
    host: { kernel: host.kernel, hostname: hide(host.hostname) },
    target: { spec: hide(spec), name: hide(name), pids, ...(watch && { watch }), ...(node && { node }), ...(reload && { reload }) },
  };
  return openTapeWriter(evidence, header, redactor);
}
