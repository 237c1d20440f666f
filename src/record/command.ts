import type { Command } from 'commander';
import type { CommandContext, Outcome } from '../command.ts';
import { openRedactor, openTapeWriter, saveTapeFile } from '../evidence/index.ts';
import { takeSnapshot } from '../kernel/snapshot/take.ts';
import { resolveTarget } from '../kernel/targets/index.ts';
import { UserError } from '../kernel/user-error.ts';
import { bytes, plural } from '../render/index.ts';
import { version } from '../version.ts';

export function configure(command: Command): void {
  command
    .argument('[target]', 'as for fds')
    .option('-o, --output <file>', 'the tape to write')
    .option('--tree', 'with all descendants')
    .option('--full', 'keep names and addresses as they are, instead of pseudonyms');
}

/** Asks everything any command with --from could ask, and notes question and answer. */
export async function run(args: string[], options: Record<string, unknown>, context: CommandContext): Promise<Outcome> {
  const [spec] = args;
  const { output } = options;
  if (spec === undefined) throw new UserError('record needs a target', { hints: ['reloadctl record <pid | name | :port | unit:NAME> -o FILE'] });
  if (typeof output !== 'string') throw new UserError('record needs a file to write', { hints: [`reloadctl record ${spec} -o incident.rctl`] });
  const target = resolveTarget(context.evidence, spec, { tree: Boolean(options.tree), command: 'record' });
  const full = Boolean(options.full);
  const redactor = full ? undefined : openRedactor();
  const writer = openTapeWriter(
    context.evidence,
    { tool: version, recordedAt: new Date().toISOString(), target: { spec: redactor?.text(spec) ?? spec, name: redactor?.text(target.name) ?? target.name, pids: target.pids } },
    redactor,
  );
  const { snapshot, coverage } = await takeSnapshot(writer.evidence, target.pids, target.name, {
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
    target: { spec, label: snapshot.label, pids: target.pids },
    findings: [],
    coverage: coverage.list(),
    data: { file: output, bytes: size, open, redacted: !full },
    body: () => [
      { type: 'paragraph', text: `${snapshot.label}: ${plural('descriptor', open)} on ${output}, ${bytes(size)}, ${full ? 'with all names: keep it to yourself' : 'names and addresses are pseudonyms'}` },
      { type: 'command', text: `reloadctl fds --from ${output}` },
    ],
  };
}
