/** `diff`: what changed between two saved reports, or two tapes, of the same command. */
import type { Command } from 'commander';
import type { CommandContext, Outcome } from '../command.ts';
import { UserError } from '../kernel/user-error.ts';
import type { Coverage } from '../report/index.ts';
import { commandOf } from './counts.ts';
import { compare, worseThanBefore } from './data.ts';
import { loadSide, type Side } from './load.ts';
import { viewOf } from './view.ts';

/** The two sides; there are no options but the common ones. */
export function configure(command: Command): void {
  command
    .argument('<a>', 'the one before: a report saved with --json, a tape, or a log of strace; - is stdin')
    .argument('<b>', 'the one after')
    .addHelpText('after', '\nExit 1: B has a finding at or above --fail-on that A has not, or has with less severity.');
}

/** Compares two reports or tapes. Throws UserError or TapeError (exit 2) for what is none, or cannot be compared. */
export async function run(args: string[], _options: Record<string, unknown>, context: CommandContext): Promise<Outcome> {
  const [fileA, fileB] = args as [string, string];
  if (fileA === '-' && fileB === '-') throw new UserError('only one of the two can be stdin');
  const a = await loadSide('A', fileA, context);
  const b = await loadSide('B', fileB, context);
  refuseUnlike(a, b);
  const { data, findings } = compare(a, b);
  // A report can be long: whoever reads it on a terminal should know first.
  if (!data.sameTarget) context.say('diff: these are not reports of the same target');
  return {
    kind: 'report',
    target: null,
    findings: worseThanBefore(findings),
    coverage: [...coverageOf(a), ...coverageOf(b)],
    data,
    body: () => viewOf(data),
  };
}

function refuseUnlike(a: Side, b: Side): void {
  const [before, now] = [a, b].map(({ report }) => commandOf(report.command, report.data)) as [string, string];
  if (before === 'diff' || now === 'diff') throw new UserError(`${before === 'diff' ? a.file : b.file} is a comparison itself: compare the reports it was made of`);
  if (before !== now) throw new UserError(`${a.file} is a report of ${before} and ${b.file} one of ${now}: nothing in them can be compared`);
}

/** What a side could not read, it cannot be compared by. */
function coverageOf({ letter, file, report }: Side): Coverage[] {
  const incomplete = report.coverage.filter(({ status }) => status !== 'ok');
  if (incomplete.length === 0) return [{ source: `${letter}: ${file}`, status: 'ok', needed: true }];
  return incomplete.map((entry) => ({ ...entry, source: `${letter}: ${entry.source}` }));
}
