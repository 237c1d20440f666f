import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { CommandContext, Outcome } from '../command.ts';
import { parseWatch, queuesMsOf } from '../fds/index.ts';
import { UserError } from '../kernel/user-error.ts';
import { FileSink } from '../render/index.ts';
import { bytes, plural, shellWord } from '../report/words.ts';
import { recordTape, sourceOf, writeTape } from './tape.ts';
import { parseWhen } from './when/options.ts';

/** Target and options of `record`. */
export function configure(command: Command): void {
  command
    .argument('[target]', 'as for fds')
    .option('-o, --output <file>', 'the tape to write; - is stdout')
    .option('--tree', 'with all descendants')
    .option('--watch <time>', 'samples for this long before the look (30s, 5m), for what grows; then up to 5s of the queues of inotify instances and of TCP listeners, where there are any')
    .option('--interval <time>', 'time between samples of --watch')
    .option('--node', 'with the handles of Node processes, for node --from: what node does to a process to learn them, this does')
    .option('--promises', 'with --node and --watch: promises that do not settle, too')
    .option('--yes', 'with --node: send SIGUSR1 without asking')
    .option('--when <condition>', "stay, and make a tape when this comes true: 'fds/soft > 0.8 and age > 1m'; -o is a folder then")
    .option('--keep <n>', 'with --when: so many tapes, the oldest go first (default: 5)')
    .option('--max <size>', 'with --when: so much room for all of them (default: 50MiB)')
    .option('--every <time>', 'with --when: between two samples (default: 1s)')
    .option('--pause <time>', 'with --when: between two tapes, at least (default: 1m)')
    .option('--replace <file>', 'with what preflight --replace asks about this file, for preflight --from')
    .option('--full', 'keep names and addresses as they are, instead of pseudonyms')
    .option('--from <tape>', 'make the tape from another one, to take its names out; - is stdin')
    .addHelpText('after', `
--when: comparisons (> >= < <= == !=) of fds, soft, hard, threads, rss, age, numbers, + - * /, joined by and, or, not and brackets;
units: % k M KiB MiB GiB ms s m h d. One tape when it comes true for a process, the next when it was false meanwhile. A target that
is no pid may end and come back: it is waited for. It ends by a signal, and where the one process that is meant has ended (exit 3).`);
}

/** Records a target, or copies a tape without its names. Where the tape goes is tried before anything is asked. */
export async function run(args: string[], options: Record<string, unknown>, context: CommandContext): Promise<Outcome> {
  const { output } = options;
  const when = parseWhen(options);
  // Loaded only where it is wanted.
  if (when) return (await import('./when/index.ts')).run(args[0], when, options, context);
  const full = Boolean(options.full);
  const watching = parseWatch(options.watch, options.interval);
  if (typeof output !== 'string') throw new UserError('record needs a file to write', { hints: [`reloadctl record ${shellWord(args[0] ?? 'TARGET')} -o incident.rctl`] });
  const onStdout = output === '-';
  if (onStdout && context.formatOnStdout !== undefined) {
    throw new UserError(`the tape and the report (${context.formatOnStdout}) both want stdout: give one of them a file`);
  }
  const source = sourceOf(args[0], { tree: Boolean(options.tree), full, ...(watching && { watch: { ...watching, queuesMs: queuesMsOf(watching) } }), ...(Boolean(options.node) && { node: true as const }), ...(typeof options.replace === 'string' && { replace: resolve(options.replace) }) }, context);
  const file = onStdout ? undefined : await FileSink.open(output);
  try {
    const { text, snapshot, coverage } = await recordTape(source, full, options, context);
    const size = file ? await writeTape(file, text) : Buffer.byteLength(text);
    const open = snapshot.tables.reduce((sum, table) => sum + table.fds.length, 0);
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

