/** Runs the commands that only read on one target, and turns what one of them cannot do into coverage. */
import type { CommandContext, ReportOutcome } from '../command.ts';
import { UserError } from '../kernel/user-error.ts';
import type { Coverage } from '../report/index.ts';

export type PartName = 'fds' | 'listen' | 'inotify' | 'tasks' | 'goroutines' | 'node';

/** What one command gave, or why it gave nothing. `skipped`: it has nothing to look at here, which is no gap. */
export type PartResult = { outcome: ReportOutcome } | { skipped: string } | { failed: UserError };

/** How parts are run: on the world, through a tape of each, or from those tapes. */
export type Runner = (run: PartRun, context: CommandContext) => Promise<PartResult>;

export interface PartRun {
  name: PartName;
  spec: string | undefined;
  options: Record<string, unknown>;
}

/**
 * One command on the target. Throws what is no UserError: that is a bug.
 * @param context as for the command alone; of a tape each part is asked from its beginning
 */
export const runPart: Runner = async ({ name, spec, options }, context) => {
  if (context.signal.aborted) return { failed: new UserError('stopped by a signal', { exitCode: 3 }) };
  const { module, rules } = await context.part!(name);
  // Nobody is asked whether a signal may be sent: none is.
  const own: CommandContext = { ...context, rules, rerun: rerunOf(name, spec, context), confirm: () => Promise.resolve(false), ...(context.rewound && { evidence: context.rewound() }) };
  try {
    const outcome = await module.run(spec === undefined ? [] : [spec], options, own);
    return outcome.kind === 'report' ? { outcome } : { skipped: 'it makes no report' };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { failed: error };
  }
};

/** What the user types for this part alone: commands in its remedies and views are about that. */
function rerunOf(name: PartName, spec: string | undefined, { rerun }: CommandContext): string {
  return spec === undefined ? rerun.replace(/^reloadctl report\b/, `reloadctl ${name}`) : `reloadctl ${name} ${spec}`;
}

/** Why a part could not look, as coverage: what else was seen stands. */
export function coverageOf(name: PartName, { message, hints }: UserError): Coverage {
  const fix = hints.find((hint) => hint.startsWith('sudo ')) ?? hints[0];
  const denied = hints.some((hint) => hint.startsWith('sudo '));
  return { source: name, status: denied ? 'denied' : 'absent', detail: message, ...(fix !== undefined && { fix }), needed: false };
}
