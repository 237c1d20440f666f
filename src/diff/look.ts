/** Sides that are no reports yet: tapes and logs of strace are looked at now. */
import type { CommandContext, Outcome } from '../command.ts';
import { run as lookAtFds } from '../fds/index.ts';
import { shellWord } from '../report/words.ts';
import { run as lookAtLog } from '../strace/index.ts';
import type { SavedReport } from './saved-report.ts';

/** What `fds --list --from` shows of it. */
export async function lookAtTape(text: string, name: string, context: CommandContext): Promise<{ report: SavedReport; redacted: boolean }> {
  const world = context.replay(text, name);
  const { evidence, tapeHeader } = world;
  const outcome = reportIn(await lookAtFds([], { list: true }, { ...context, evidence, tapeHeader, rerun: `reloadctl fds --from ${shellWord(name)}` }));
  const { startedAt, host } = world.moment();
  const { target, findings } = outcome;
  const coverage = [...outcome.coverage, ...world.unanswered(target)];
  return { redacted: tapeHeader.redacted, report: { command: 'fds', startedAt, host, target, findings, coverage, data: outcome.data as Record<string, unknown> } };
}

/** What `strace` shows of it. The host that it was recorded on is not in it. */
export async function lookAtStraceLog(name: string, context: CommandContext): Promise<SavedReport> {
  const { target, findings, coverage, data } = reportIn(await lookAtLog([name], {}, context));
  return { command: 'strace', startedAt: new Date().toISOString(), host: { kernel: 'unknown', hostname: 'unknown' }, target, findings, coverage, data: data as Record<string, unknown> };
}

function reportIn(outcome: Outcome): Extract<Outcome, { kind: 'report' }> {
  if (outcome.kind !== 'report') throw new Error('a look makes a report');
  return outcome;
}
