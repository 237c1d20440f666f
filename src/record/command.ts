import { hostname, release } from 'node:os';
import type { Command } from 'commander';
import type { CommandContext, Outcome, TapeTarget } from '../command.ts';
import { openRedactor, openTapeWriter, type Redactor, saveTapeFile, type TapeWriter } from '../evidence/index.ts';
import { parseWatch, watchTarget } from '../fds/index.ts';
import { takeSnapshot } from '../kernel/snapshot/take.ts';
import { resolveTarget } from '../kernel/targets/index.ts';
import { UserError } from '../kernel/user-error.ts';
import { bytes, plural } from '../report/words.ts';
import { version } from '../version.ts';

export function configure(command: Command): void {
  command
    .argument('[target]', 'as for fds')
    .option('-o, --output <file>', 'the tape to write')
    .option('--tree', 'with all descendants')
    .option('--watch <time>', 'samples for this long before the look (30s, 5m), for what grows')
    .option('--interval <time>', 'time between samples of --watch')
    .option('--full', 'keep names and addresses as they are, instead of pseudonyms')
    .option('--from <tape>', 'make the tape from another one, to take its names out');
}

/** Asks everything any command with --from could ask, and notes question and answer. */
export async function run(args: string[], options: Record<string, unknown>, context: CommandContext): Promise<Outcome> {
  const { output } = options;
  const full = Boolean(options.full);
  const watching = parseWatch(options.watch, options.interval);
  const source = sourceOf(args[0], { tree: Boolean(options.tree), full, ...(watching && { watch: watching }) }, context);
  if (typeof output !== 'string') throw new UserError('record needs a file to write', { hints: [`reloadctl record ${args[0] ?? '<target>'} -o incident.rctl`] });
  const writer = openWriter(source, full ? undefined : openRedactor(), context);
  if (source.watch) await watchTarget(writer.evidence, source, source.watch, context);
  const { snapshot, coverage } = await takeSnapshot(writer.evidence, source.pids, source.name, {
    allOwners: true,
    everything: true,
    rerun: context.rerun,
    isRoot: context.isRoot,
    signal: context.signal,
  });
  const text = writer.finish();
  saveTapeFile(output, text);
  const open = snapshot.tables.reduce((sum, table) => sum + table.fds.length, 0);
  const size = Buffer.byteLength(text);
  return {
    kind: 'report',
    target: { spec: source.spec, label: snapshot.label, pids: source.pids },
    findings: [],
    coverage: coverage.list(),
    data: { file: output, bytes: size, open, redacted: source.redacted || !full },
    body: () => [
      { type: 'blank' },
      { type: 'paragraph', text: `${snapshot.label}: ${plural('descriptor', open)} on ${output}, ${bytes(size)}, ${full ? 'with all names: keep it to yourself' : 'names and addresses are pseudonyms'}` },
      { type: 'command', text: `reloadctl fds --from ${output}` },
    ],
  };
}

/** The processes to record, of this host or of a tape. */
function sourceOf(spec: string | undefined, options: Pick<TapeTarget, 'watch'> & { tree: boolean; full: boolean }, { evidence, tapeHeader }: CommandContext): TapeTarget {
  if (tapeHeader) {
    if (spec !== undefined || options.tree || options.watch) throw new UserError('record --from takes the whole tape: leave the target, --tree and --watch out');
    if (options.full && tapeHeader.redacted) throw new UserError('the names on this tape are pseudonyms already: --full cannot bring them back');
    return tapeHeader;
  }
  if (spec === undefined) throw new UserError('record needs a target', { hints: ['reloadctl record <pid | name | :port | unit:NAME> -o FILE'] });
  const target = resolveTarget(evidence, spec, { tree: options.tree, command: 'record' });
  return { ...target, ...(options.watch && { watch: options.watch }), recordedAt: new Date().toISOString(), host: { kernel: release(), hostname: hostname() }, redacted: false };
}

function openWriter(source: TapeTarget, redactor: Redactor | undefined, { evidence }: CommandContext): TapeWriter {
  const hide = (text: string): string => redactor?.text(text) ?? text;
  const { spec, name, pids, watch, recordedAt, redacted, host } = source;
  const header = {
    tool: version,
    recordedAt,
    redacted,
    host: { kernel: host.kernel, hostname: hide(host.hostname) },
    target: { spec: hide(spec), name: hide(name), pids, ...(watch && { watch }) },
  };
  return openTapeWriter(evidence, header, redactor);
}
