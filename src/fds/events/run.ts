/** `fds --per-event` and `--mark`: floors before and after each event, then one full look for everything else. */
import type { CommandContext, Outcome } from '../../command.ts';
import { type CoverageLog, errnoWords, statusOf } from '../../kernel/coverage.ts';
import { lookAt, type TargetOptions } from '../../kernel/look-at.ts';
import { lookFromSamples } from '../../kernel/snapshot/from-samples.ts';
import type { Snapshot } from '../../kernel/types.ts';
import { UserError } from '../../kernel/user-error.ts';
import { runRules } from '../../report/index.ts';
import { listOf, shellWord } from '../../report/words.ts';
import { buildData } from '../data.ts';
import type { ListOptions } from '../list-options.ts';
import { viewOf } from '../view.ts';
import { withEvents } from './data.ts';
import { Family } from './family.ts';
import { type Measured, measure } from './measure.ts';
import type { EventOptions } from './options.ts';
import { residueOf } from './residue.ts';
import { commandTrigger, markTrigger } from './triggers.ts';
import { eventBlocks } from './view.ts';

/** Words in a command that say it makes a new generation of the service. */
const RELOADS = /\b(?:SIG)?(?:HUP|USR2)\b|reload|restart/i;

/**
 * Makes the events of `events` on the target `spec` and tells what each left behind.
 * @throws UserError (exit 3) when the target is not there, or its table may not be read: before anything is done to it
 */
export async function runEvents(spec: string, options: TargetOptions, events: EventOptions, list: ListOptions, context: CommandContext): Promise<Outcome> {
  const family = new Family(context.evidence, spec, options.tree);
  // Nobody shall be told to make all these events again for one more look.
  const look = { ...context, rerun: `reloadctl fds ${shellWord(spec)}${options.tree ? ' --tree' : ''}` };
  const refused = family.refused();
  if (refused) {
    const hints = statusOf(refused.errno) === 'denied' ? [`sudo ${context.rerun}`] : [];
    throw new UserError(`/proc/${refused.pid}/fd: ${errnoWords(refused.errno)}; no event was made`, { exitCode: 3, hints });
  }
  const trigger = events.command === undefined ? markTrigger(context.stdin()) : commandTrigger(events.command, events.timeoutMs);
  const measured = await measure(family, trigger, events, context).finally(() => trigger.close());
  const { snapshot, coverage } = await lookAtEnd(spec, options, measured, family, look);
  noteEvents(measured, events, coverage);
  const isReload = events.command !== undefined && RELOADS.test(events.command);
  const residue = residueOf(measured, snapshot, isReload ? 'reload' : 'event');
  const findings = runRules(context.rules, residue && residue.event.events > 0 ? [residue.event, snapshot] : [snapshot]);
  const data = withEvents(buildData(snapshot, list, undefined), snapshot, measured, residue);
  return {
    kind: 'report',
    target: { spec, label: snapshot.label, pids: family.target.pids },
    findings,
    coverage: coverage.list(),
    data,
    body: () => [...eventBlocks(data, events.command), ...viewOf(snapshot, data, list, look.rerun)],
  };
}

/** Where it is not there any more, or nobody waits any longer, the last floor is what there is. */
async function lookAtEnd(spec: string, options: TargetOptions, measured: Measured, family: Family, context: CommandContext): Promise<{ snapshot: Snapshot; coverage: CoverageLog }> {
  if (!measured.gone && !measured.stopped) {
    try {
      return await lookAt(spec, options, context, 'fds');
    } catch (error) {
      // It went, or another one came by, after the last floor: what was measured until then is told all the same.
      if (!(error instanceof UserError)) throw error;
      const bare = lookFromSamples(family.last, family.target.name, []);
      bare.coverage.note({ source: 'target', status: 'absent', detail: error.message, needed: true });
      return bare;
    }
  }
  return lookFromSamples(family.last, family.target.name, measured.gone ? family.ended : []);
}

function noteEvents(measured: Measured, options: EventOptions, coverage: CoverageLog): void {
  const { events, generations, gone, stopped } = measured;
  const source = 'events';
  const seen = measured.floors.events;
  const failed = events.find(({ ok }) => !ok);
  const total = Number.isFinite(options.times) ? options.times : Math.max(seen, 1);
  if (failed) {
    coverage.note({ source, status: 'partial', seen, total, detail: `event ${failed.index}: ${failed.problem}`, fix: 'mend the command, and try it alone first', needed: true });
  } else if (gone) {
    const detail = events.length === 0 ? 'the target was gone before the first event' : `no process of the target was left after event ${events.length}`;
    coverage.note({ source, status: 'partial', seen, total, detail, fix: 'name the target by its port, unit or pid file, so that its successor is found', needed: true });
  } else if (stopped) {
    coverage.note({ source, status: 'partial', seen, total, detail: 'stopped by a signal', needed: true });
  } else if (seen === 0) {
    coverage.note({ source, status: 'absent', seen, total, detail: 'the input ended before the first Enter', needed: true });
  } else {
    // Marks end with the input: however many came were all.
    coverage.note({ source, status: 'ok', seen, total: options.command === undefined ? seen : total, needed: true });
  }
  const restless = events.filter((event) => event.measured && !event.settled).length;
  if (restless > 0) {
    const detail = 'the table was still changing when its floor was taken';
    coverage.note({ source: 'floors', status: 'partial', seen: seen - restless, total: seen, detail, fix: 'a longer --settle, or less traffic meanwhile', needed: false });
  }
  for (const { event, gone: went, come } of generations) {
    if (come.length === 0) continue;
    const detail = `event ${event} replaced process ${listOf(went)} by ${listOf(come)}; the comparison goes on with the successor`;
    coverage.note({ source: `generation after event ${event}`, status: 'ok', detail, needed: false });
  }
}
