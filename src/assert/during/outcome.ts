/** The report of a run beside a service. */
import type { CommandContext, ReportOutcome } from '../../command.ts';
import { writeBaseline } from '../../policy/index.ts';
import { FileSink } from '../../render/index.ts';
import { compareFindings, runRules } from '../../report/index.ts';
import { budgetsOf } from '../budgets.ts';
import { CHECKED_DURING } from '../checked.ts';
import { type AssertData, growthData, leaksOf } from '../data.ts';
import type { DuringOptions } from '../options.ts';
import { judged, readRulebook } from '../policy.ts';
import { viewOf } from '../view.ts';
import { runDuring } from './run.ts';

export async function duringOutcome(options: DuringOptions, context: CommandContext): Promise<ReportOutcome> {
  const rulebook = await readRulebook(options.policy, options.baseline, context);
  const output = options.writeBaseline === undefined ? undefined : await FileSink.open(options.writeBaseline);
  const settleMs = options.graceMs ?? rulebook.graceMs ?? options.settleMs;
  const { command, label, pids, events, coverage, ...measured } = await runDuring({ ...options, settleMs }, budgetsOf(rulebook.budgets, options.maxGrowth), context);
  const all = runRules(context.rules, events);
  const verdict = judged(all, rulebook, new Date().toISOString().slice(0, 10));
  const findings = verdict.findings.sort(compareFindings);
  if (output) {
    await output.write(writeBaseline(all.filter(({ severity }) => severity !== 'info')));
    await output.finish();
  }
  const { exitCode } = command;
  const data: AssertData = { commandExit: exitCode, leaks: leaksOf(findings), processes: { held: 0, missed: 0, killedThreads: 0, left: 0 }, exits: [], during: growthData(events, measured) };
  const isOwn = exitCode !== null && exitCode !== 0 && !options.toolExit;
  return {
    kind: 'report',
    target: { spec: options.target, label, pids },
    findings,
    coverage: [...coverage, ...verdict.coverage],
    data,
    checked: CHECKED_DURING,
    ...(rulebook.file !== undefined && { anchor: rulebook.file }),
    body: () => viewOf(data),
    ...(isOwn && { exitCode }),
  };
}
