/** The report of one run over a log. */
import type { CommandContext, ReportOutcome } from '../command.ts';
import { UserError } from '../kernel/user-error.ts';
import { runRules } from '../report/index.ts';
import type { TraceEvent } from '../series/index.ts';
import type { Events } from './collect/events.ts';
import type { StoryStep } from './collect/story.ts';
import { coverageEvent, coverageOf, hidesCloses } from './coverage.ts';
import { buildData, nameSites, type StraceData } from './data.ts';
import type { Ran } from './run.ts';
import { viewOf } from './view.ts';

export interface ReportOptions {
  tables?: boolean;
  at?: string;
  all?: boolean;
  events?: string;
  trace?: string;
  pid?: number | undefined;
  story?: StoryStep[] | undefined;
}

/** @throws UserError when the process asked for is not there */
export function reportOf(label: string, ran: Ran, collected: Events, options: ReportOptions, context: CommandContext): ReportOutcome & { data: StraceData; bodyOf(data: StraceData): ReportOutcome['body'] } {
  const { analysis } = ran;
  const { pid, story } = options;
  const named = nameSites(analysis);
  const coverage = coverageEvent(ran);
  const events: TraceEvent[] = collected.named(named.nameOf);
  const asksTables = Boolean(options.tables) || (options.at !== undefined && !story);
  const data = buildData(analysis, ran.recognised, ran.bytes, events, named, { tables: asksTables, ...(pid !== undefined && { pid }), ...(story && { story }) });
  if (asksTables && pid !== undefined && data.tables!.length === 0) throw new UserError(`no process ${pid} is alive ${options.at === undefined ? 'at the end of the log' : `at ${options.at}`}`);
  const telling = hidesCloses(ran) ? events.filter(({ what }) => what !== 'site') : events;
  const findings = runRules(context.rules, coverage ? [...telling, coverage] : telling);
  const bodyOf = (shown: StraceData): ReportOutcome['body'] => () => viewOf(shown, { all: Boolean(options.all), at: options.at });
  return {
    kind: 'report',
    target: { spec: label, label, pids: pidsOf(data.processes) },
    findings,
    coverage: coverageOf(ran),
    data,
    ...([options.events, options.trace].includes('-') && { document: '' }),
    body: bodyOf(data),
    bodyOf,
  };
}

/** Of the processes that were alive; of all, when none was. */
function pidsOf(processes: readonly { pid: number; ended: string }[]): number[] {
  const alive = processes.filter(({ ended }) => ended === 'alive');
  return [...new Set((alive.length > 0 ? alive : processes).map(({ pid }) => pid))].filter((pid) => pid > 0);
}
