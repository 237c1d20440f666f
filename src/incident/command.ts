/** `report`: everything that only reads, about one target, joined. */
import type { Command } from 'commander';
import type { CommandContext, Outcome, ReportOutcome } from '../command.ts';
import { parseDuration } from '../kernel/duration.ts';
import { targetOf } from '../kernel/look-at.ts';
import type { ResolvedTarget } from '../kernel/targets/index.ts';
import { UserError } from '../kernel/user-error.ts';
import { type Asked, collectParts } from './collect.ts';
import { join } from './join.ts';
import { mergeCoverage, mergeFindings } from './merge.ts';
import type { Runner } from './parts.ts';
import { keepTapes, type Watching } from './shared.ts';
import type { IncidentData } from './types.ts';
import { viewOf } from './view.ts';

const SHORTEST_MS = 2000;
const LONGEST_MS = 3_600_000;

export function configure(command: Command): void {
  command
    .argument('[target]', 'pid, process name, :port, unit:NAME, container:ID, pod:NS/NAME, or a pid file')
    .option('--tree', 'with all descendants')
    .option('--watch <time>', 'what grows: sample descriptors and goroutines for this long (30s, 5m), for up to 5s of it the queues of listeners and inotify, too; and look at all else afterwards')
    .option('--interval <time>', 'time between samples of --watch')
    .option('--tui', 'with --watch: what it sees so far on the full screen of the terminal; the report follows')
    .option('--full', 'with --format html: names and addresses as they are, instead of pseudonyms')
    .option('--from <tape>', 'analyse a tape made by reloadctl record instead of this host; - is stdin')
    .addHelpText('after', `
It is what fds, listen, inotify, tasks, goroutines and node say of the target, each on what applies to it, in one pass.
Nothing is stopped and no signal is sent: handles of Node are told where it was started with --import reloadctl/register or has an
inspector open, which is asked; goroutines come from memory, or where that may not be read from the pprof listener of the program.
Exit codes: 0 nothing found, 1 findings at or above --fail-on, 3 the target ended, or its descriptors could not be read.`);
}

export async function run(args: string[], options: Record<string, unknown>, context: CommandContext): Promise<Outcome> {
  const [spec] = args;
  const { tapeHeader } = context;
  if (spec === undefined && !tapeHeader) throw new UserError('report needs a target', { hints: ['reloadctl report <pid | name | :port | unit:NAME | container:ID | pod:NS/NAME | pid file>'] });
  const watch = watchOf(options, tapeHeader !== undefined);
  if (options.tui && !watch) throw new UserError('--tui shows a watch: it goes with --watch alone', { hints: ['reloadctl report <target> --watch 5m --tui'] });
  const watching = watch && (await watchingOf(watch));
  const asked = { spec, tree: Boolean(options.tree), ...(watch && { watch }), ...(watching && { queuesMs: watching.queuesMs }) };
  // Those who get a page to look at need no names; who has the tape of somebody else has none to show.
  const isShared = context.shares === true && options.full !== true && tapeHeader?.redacted !== true;
  if (!isShared) return pageOf(asked, targetAsked(asked, context), context);
  const target = targetAsked(asked, context);
  const kept = keepTapes(target, watching, context);
  const page = await pageOf(asked, target, { ...context, taping: true }, kept.run);
  const nameless = kept.nameless();
  const shared = await pageOf({ spec: undefined, tree: false }, nameless.tapeHeader, nameless, kept.replay);
  const { target: about, findings, coverage, data, body } = shared;
  return { ...page, shared: { target: about, findings, coverage: mergeCoverage([coverage, kept.unanswered(about)]), data, body, host: nameless.tapeHeader.host } };
}

function targetAsked({ spec, tree }: Page, context: CommandContext): ResolvedTarget {
  return targetOf(spec, tree, { ...context, ...(context.rewound && { evidence: context.rewound() }) }, 'report');
}

type Page = Omit<Asked, 'target'>;

async function pageOf(asked: Page, target: ResolvedTarget, context: CommandContext, run?: Runner): Promise<ReportOutcome> {
  const seen = await collectParts({ ...asked, target }, context, run);
  const joined = join(seen.parts);
  const data: IncidentData = { parts: seen.parts, joined, skipped: seen.skipped };
  return {
    kind: 'report',
    target: seen.target,
    findings: mergeFindings(seen.findings),
    coverage: mergeCoverage(seen.coverage),
    data,
    body: () => viewOf(joined, seen.sections),
  };
}

export function emptyData(): IncidentData {
  return { parts: {}, joined: { holders: [], watches: [], listeners: [] }, skipped: [] };
}

/** Loaded only where it is wanted. */
async function watchingOf({ watch, interval }: NonNullable<Page['watch']>): Promise<Watching> {
  const { parseWatch, queuesMsOf } = await import('../fds/index.ts');
  const options = parseWatch(watch, interval)!;
  return { ...options, queuesMs: queuesMsOf(options) };
}

/** As the parts take them; a tape knows itself how it was watched. */
function watchOf({ watch, interval }: Record<string, unknown>, onTape: boolean): Page['watch'] {
  if (typeof watch !== 'string') {
    if (interval !== undefined) throw new UserError('--interval needs --watch');
    return undefined;
  }
  if (onTape) throw new UserError('how long it was watched is on the tape: leave --watch out (record --watch)');
  const ms = parseDuration('--watch', watch);
  if (ms < SHORTEST_MS || ms > LONGEST_MS) throw new UserError(`--watch ${watch}: from 2s to 1h`);
  return { watch, ...(typeof interval === 'string' && { interval }) };
}
