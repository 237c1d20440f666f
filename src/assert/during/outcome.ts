/** The report of a run beside a service. */
import type { CommandContext, ReportOutcome } from '../../command.ts';
import { FileSink } from '../../render/index.ts';
import { budgetsOf } from '../budgets.ts';
import { CHECKED_DURING } from '../checked.ts';
import { type AssertData, growthData, leaksOf } from '../data.ts';
import { judge } from '../judge.ts';
import type { DuringOptions } from '../options.ts';
import { readRulebook } from '../policy.ts';
import { viewOf } from '../view.ts';
import { runDuring } from './run.ts';

export async function duringOutcome(options: DuringOptions, context: CommandContext): Promise<ReportOutcome> {
  const rulebook = await readRulebook(options.policy, options.baseline, context);
  const output = options.writeBaseline === undefined ? undefined : await FileSink.open(options.writeBaseline);
  const settleMs = options.graceMs ?? rulebook.graceMs ?? options.settleMs;
  const { command, label, pids, events, coverage, ...measured } = await runDuring({ ...options, settleMs }, budgetsOf(rulebook.budgets, options.maxGrowth), context);
  const { findings, coverage: allowed } = await judge(events, rulebook, output, context);
  const { exitCode } = command;
  const data: AssertData = { commandExit: exitCode, leaks: leaksOf(findings), processes: { held: 0, missed: 0, killedThreads: 0, left: 0 }, exits: [], during: growthData(events, measured) };
  const isOwn = exitCode !== null && exitCode !== 0 && !options.toolExit;
  return {
    kind: 'report',
    target: { spec: options.target, label, pids },
    findings,
    coverage: [...coverage, ...allowed],
    data,
    checked: CHECKED_DURING,
    ...(rulebook.file !== undefined && { anchor: rulebook.file }),
    body: () => viewOf(data),
    ...(isOwn && { exitCode }),
  };
}
