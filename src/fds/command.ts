import type { Command } from 'commander';
import type { CommandContext, Outcome } from '../command.ts';
import { meterEvidence } from '../evidence/index.ts';
import { tidyHeap } from '../evidence/own-heap.ts';
import { lookAt, type TargetOptions } from '../kernel/look-at.ts';
import { sizeOf } from '../kernel/plain-fds.ts';
import { UserError } from '../kernel/user-error.ts';
import { runRules } from '../report/index.ts';
import { buildData, type FdsData } from './data.ts';
import { parseEvents } from './events/options.ts';
import { runEvents } from './events/run.ts';
import { type ListOptions, parseListOptions, showsSingle } from './list-options.ts';
import { withOverhead } from './overhead.ts';
import { readThreads, type ThreadOptions } from './threads.ts';
import { runTop } from './top.ts';
import { refuseBesideTop } from './top-options.ts';
import { viewOf } from './view.ts';
import { parseWatch, watchOnTape } from './watch/options.ts';
import { runWatch } from './watch/run.ts';

/** Target and options of `fds`. */
export function configure(command: Command): void {
  command
    .argument('[target]', 'pid, process name, :port, unit:NAME, container:ID, pod:NS/NAME, or a pid file')
    .option('--tree', 'with all descendants')
    .option('--list', 'every descriptor, one per line')
    .option('--where <terms>', "only descriptors for which all terms hold: 'kind=socket state=CLOSE_WAIT'")
    .option('--sort <attributes>', 'order of --list, comma separated, - for descending: -bytes,fd')
    .option('--columns <attributes>', 'columns of --list, comma separated')
    .option('--group-by <attributes>', 'group by these instead of kind and path template or peer')
    .option('--all', 'all groups, not only the largest')
    .option('--owners', 'look in all processes for who holds the other ends')
    .option('--threads', 'threads that have an fd table of their own')
    .option('--watch <time>', 'what grows: sample for this long (30s, 5m) and judge by what stays open')
    .option('--interval <time>', 'time between samples of --watch')
    .option('--tui', 'with --watch: what it sees so far on the full screen of the terminal; the report follows')
    .option('--per-event <command>', 'what each event leaves behind: run this by /bin/sh -c --times times, and look before the first and after each')
    .option('--mark', 'the same for events you make yourself: each Enter is one, the end of the input ends it')
    .option('--times <n>', 'how many events (default: 10; with --mark until the input ends)')
    .option('--settle <time>', 'how long the table may take to come to rest after an event (default: 2s)')
    .option('--event-timeout <time>', 'how long one run of the command may take before it is killed (default: 30s)')
    .option('--top', 'all processes by share of their own limit; needs no privilege')
    .option('--overhead', 'what the look itself costs: CPU, memory, questions by kind, and how long the target was held')
    .option('--from <tape>', 'analyse a tape made by reloadctl record instead of this host; - is stdin')
    .addHelpText('after', '\neffects of --per-event: those of the command, which is yours and runs with your rights; what it prints goes to stderr');
}

/** One look, a watch, a series of events, or all processes (`--top`). Throws UserError: 2 for bad usage, 3 when the target is not there. */
export async function run(args: string[], options: Record<string, unknown>, context: CommandContext): Promise<Outcome> {
  if (!options.overhead) return runAsked(args, options, context);
  if (context.tapeHeader) throw new UserError('--overhead measures a look at this host, and a tape is none: leave out --overhead or --from');
  const meter = meterEvidence(context.evidence);
  const outcome = await runAsked(args, options, { ...context, evidence: meter.evidence });
  return outcome.kind === 'report' ? withOverhead(outcome, meter) : outcome;
}

async function runAsked(args: string[], options: Record<string, unknown>, context: CommandContext): Promise<Outcome> {
  const list = parseListOptions(options);
  const asked = parseWatch(options.watch, options.interval);
  const events = parseEvents(options);
  const [spec] = args;
  if (options.tui && (!asked || context.tapeHeader || options.top || events)) throw new UserError('--tui shows a watch: it goes with --watch alone', { hints: ['reloadctl fds <target> --watch 5m --tui'] });
  if (options.top) refuseBesideTop(spec, options);
  if (options.top) return runTop(context, { all: Boolean(options.all) });
  if (spec === undefined && !context.tapeHeader) {
    throw new UserError('fds needs a target', {
      hints: ['reloadctl fds <pid | name | :port | unit:NAME | container:ID | pod:NS/NAME | pid file>', 'reloadctl fds --top   # all processes by share of their limit'],
    });
  }
  const target: TargetOptions = { tree: Boolean(options.tree), owners: Boolean(options.owners) || list.list, details: showsSingle(list) };
  const threads = Boolean(options.threads);
  const watching = context.tapeHeader ? watchOnTape(asked, context.tapeHeader.watch) : asked;
  if (events) return runEvents(spec!, target, events, list, context);
  if (watching) return runWatch(spec, { ...target, threads }, watching, list, context);
  return runOnTarget(spec, { ...target, threads }, list, context);
}

/** No process, no descriptors: what scripts read is there, and empty. */
export function emptyData(options: Record<string, unknown>): FdsData {
  const { list } = parseListOptions(options);
  return { open: null, limit: { soft: null, hard: null }, processes: [], groups: [], ...(list && { fds: [] }) };
}

async function runOnTarget(spec: string | undefined, options: ThreadOptions, list: ListOptions, context: CommandContext): Promise<Outcome> {
  const { target, snapshot, coverage } = await lookAt(spec, { ...options, packed: true }, context, 'fds');
  const findings = runRules(context.rules, [snapshot]);
  tidyHeap(snapshot.tables.reduce((sum, table) => sum + sizeOf(table), 0) / 2);
  const threads = options.threads ? readThreads(context.evidence, snapshot, coverage) : undefined;
  const data = buildData(snapshot, list, threads);
  return {
    kind: 'report',
    target: { spec: target.spec, label: snapshot.label, pids: target.pids },
    findings,
    coverage: coverage.list(),
    data,
    body: () => viewOf(snapshot, data, list, context.rerun),
  };
}
