/** `inotify-limits`: will these watches fit, for this user; who holds the rest. */
import type { Command } from 'commander';
import type { CommandContext, Outcome } from '../../command.ts';
import { CoverageLog } from '../../kernel/coverage.ts';
import { type InotifyUsers, tryWatches } from '../../kernel/inotify-users/index.ts';
import { UserError } from '../../kernel/user-error.ts';
import { runRules } from '../../report/index.ts';
import { count, plural } from '../../report/words.ts';
import { askUser } from './ask.ts';
import { noteDemand } from './coverage.ts';
import { buildData, type LimitsData } from './data.ts';
import type { Demand, InotifyUsersEvent } from './event.ts';
import { fits, roomOf } from './fit.ts';
import { modelNames } from './models.ts';
import { type LimitsOptions, parseLimits } from './options.ts';
import { countTrees, type TreeRow } from './trees.ts';
import { viewOf } from './view.ts';

export function configure(command: Command): void {
  command
    .argument('[dir...]', 'directories that shall be watched with all that is below them')
    .option('--need-instances <n>', 'would so many more instances fit?')
    .option('--need-watches <n>', 'would so many more watches fit?')
    .option('--for <dir>', 'the same as a directory argument; may be given several times', (value: string, before: string[] = []) => [...before, value])
    .option('--library <name>', `whose way of watching the directories: ${modelNames.join(', ')} (default: dirs)`)
    .option('--uid <n>', 'ask for this user instead of the one who runs this')
    .option('--count-timeout <time>', 'how long counting a directory may take (default: 5m)')
    .option('--all', 'all processes that hold instances, not only the first')
    .option('--from <tape>', 'analyse a tape made by reloadctl record instead of this host')
    .addHelpText('after', '\nCounting a directory lists it and all below: events of opening and reading, for who watches them for that.\nExit codes: 0 it fits (or no limit is near), 1 it does not, 3 cannot tell. Nothing is changed: what to set is printed. Where what is seen does not tell, instances and watches (up to 65,536) are made and given back at once: where they do not fit, another program of that user can be refused one for a moment (below 1 ms).');
}

export async function run(args: string[], options: Record<string, unknown>, context: CommandContext): Promise<Outcome> {
  const asked = parseLimits(args, options);
  const { trees, needInstances, needWatches, uid } = asked;
  if (context.tapeHeader && trees.length > 0) throw new UserError('a tape holds no directories: count them where they are, and give --need-watches here');
  const hasNeed = trees.length > 0 || needInstances !== null || needWatches !== null;
  const coverage = new CoverageLog();
  const question = { ...asking(context), everybody: !hasNeed };
  // Counted by a child while we look at the processes.
  const counting = trees.length > 0 ? countTrees(trees, asked.model, asked.countTimeoutMs, context, coverage) : [];
  const tryInstances = needInstances ?? 1;
  const [found, rows] = await Promise.all([askUser({ ...question, tryInstances, ...(uid !== undefined && { of: { uid } }) }, coverage), counting]);
  const demand = found && hasNeed ? demandOf(found, rows, asked) : undefined;
  if (found && demand && fits(roomOf(found.asked, 'watches'), demand.needs.watches) === 'unknown') tryWatches(context.evidence, found, demand.needs.watches);
  if (found && demand) noteDemand(found, demand.needs, question, coverage);
  const event: InotifyUsersEvent | undefined = found && { type: 'inotify-users', users: found.users, ownNamespace: found.self.userns, ...(demand && { demand }) };
  const data = buildData(found, demand, rows, asked);
  return {
    kind: 'report',
    target: null,
    findings: event ? runRules(context.rules, [event]) : [],
    coverage: coverage.list(),
    data,
    body: () => viewOf(data, { all: Boolean(options.all) }),
  };
}

export function emptyData(): LimitsData {
  return { users: [], binding: null };
}

/** Who replays a tape may have any rights: what was denied was denied to the recording. */
function asking({ evidence, signal, rerun, isRoot, tapeHeader }: CommandContext) {
  return tapeHeader ? { evidence, signal, rerun: 'reloadctl inotify-limits', isRoot: false } : { evidence, signal, rerun, isRoot };
}

/** A library makes one instance per process, as far as is known. */
function demandOf({ asked: user }: InotifyUsers, trees: TreeRow[], { needInstances, needWatches, model }: LimitsOptions): Demand {
  const counted = trees.reduce((sum, { watches }) => sum + watches, 0);
  const needs = { instances: needInstances ?? (trees.length > 0 ? 1 : 0), watches: (needWatches ?? 0) + counted };
  if (trees.length === 0) return { user, needs, isModel: false };
  const more = needWatches === null ? '' : ` and ${count(needWatches)} as given`;
  return { user, needs, isModel: true, reason: `${model.words} below ${placesOf(trees)}: ${count(counted)}${more}` };
}

function placesOf(trees: readonly TreeRow[]): string {
  return trees.length === 1 ? trees[0]!.path : plural('directory', trees.length, 'directories');
}
