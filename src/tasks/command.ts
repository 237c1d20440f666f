/** `tasks`: what the threads of any process wait for. */
import type { Command } from 'commander';
import type { CommandContext, Outcome } from '../command.ts';
import type { CoverageLog } from '../kernel/coverage.ts';
import { parseDuration } from '../kernel/duration.ts';
import { targetOf } from '../kernel/look-at.ts';
import { UserError } from '../kernel/user-error.ts';
import { runRules } from '../report/index.ts';
import { collectTasks } from './collect.ts';
import { buildData, emptyData } from './data.ts';
import { viewOf } from './view.ts';

export { emptyData };

/** So long threads are looked at where nothing else is asked: enough to tell who does not get on. */
export const DEFAULT_MS = 2000;
const LONGEST_MS = 3_600_000;

export function configure(command: Command): void {
  command
    .argument('[target]', 'pid, process name, :port, unit:NAME, container:ID, pod:NS/NAME, or a pid file')
    .option('--tree', 'with all descendants')
    .option('--for <time>', 'look for this long whether they get on (default: 2s)')
    .option('--list', 'one row for each thread')
    .option('--from <tape>', 'analyse a tape made by reloadctl record instead of this host')
    .addHelpText('after', '\nWhat a thread passed by address (a path, a lock) is read from the memory of the process; nothing is stopped or signalled.\nExit codes: 0 nothing found, 1 findings at or above --fail-on, 3 could not look.');
}

export async function run(args: string[], options: Record<string, unknown>, context: CommandContext): Promise<Outcome> {
  const [spec] = args;
  const { evidence, tapeHeader, signal, rerun, isRoot } = context;
  if (spec === undefined && !tapeHeader) throw new UserError('tasks needs a target', { hints: ['reloadctl tasks <pid | name | :port | unit:NAME>'] });
  const asked = typeof options.for === 'string' ? parseDuration('--for', options.for) : DEFAULT_MS;
  if (asked > LONGEST_MS) throw new UserError(`--for ${String(options.for)} is longer than an hour`);
  const { pids, name, spec: asGiven } = targetOf(spec, Boolean(options.tree), context, 'tasks');
  // A tape holds looks for as long as it was recorded with --watch, and one look otherwise.
  const windowMs = tapeHeader ? (tapeHeader.tasksMs ?? 0) : asked;
  const { look, coverage } = await collectTasks(evidence, pids, name, { windowMs, rerun, isRoot: tapeHeader ? false : isRoot, signal, ...(options.owners === false && { owners: false }) });
  if (tapeHeader && windowMs < DEFAULT_MS) noteShort(coverage);
  return {
    kind: 'report',
    target: { spec: asGiven, label: look.snapshot.label, pids },
    findings: runRules(context.rules, [look]),
    coverage: coverage.list(),
    data: buildData(look),
    body: () => viewOf(look, Boolean(options.list)),
  };
}

function noteShort(coverage: CoverageLog): void {
  coverage.note({ source: 'time', status: 'absent', detail: 'how long threads wait is not on this tape', fix: 'reloadctl record TARGET --watch 10s -o FILE', needed: false });
}
