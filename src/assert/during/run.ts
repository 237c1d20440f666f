/** `assert --pid TARGET --during COMMAND`: what a service has more of afterwards. */
import type { CommandContext } from '../../command.ts';
import { type CommandRun, runShellCommand } from '../../effects/shell-command.ts';
import type { Around, Moment } from '../../fds/index.ts';
import { decodeText } from '../../kernel/text.ts';
import type { Coverage } from '../../report/index.ts';
import { duration } from '../../report/words.ts';
import { type Budgets, classOf } from '../budgets.ts';
import type { GrewEvent } from '../model.ts';
import type { DuringOptions } from '../options.ts';
import { GoroutineCounts } from './goroutines.ts';
import { countWatches, type WatchCount } from './watches.ts';

/** The longest that a timer takes. */
const NO_LIMIT_MS = 2 ** 31 - 1;

export interface DuringRun {
  command: CommandRun;
  label: string;
  pids: number[];
  windowMs: number;
  samples: number;
  events: GrewEvent[];
  coverage: Coverage[];
}

/** @throws UserError, exit 3, when the target is not there or may not be looked at: the command is not run then */
export async function runDuring({ target, during, settleMs, timeoutMs, goroutines, inotify }: DuringOptions, budgets: Budgets, context: CommandContext): Promise<DuringRun> {
  const { evidence, signal, progress } = context;
  const { descriptorsAround } = await import('../../fds/index.ts');
  const go = goroutines ? new GoroutineCounts(context) : undefined;
  const watches: { before?: WatchCount[]; after?: WatchCount[] } = {};
  let command: CommandRun | undefined;
  const beside = async (moment: Moment): Promise<void> => {
    await go?.look(moment);
    if (inotify && moment.when !== 'during') watches[moment.when] = await countWatches(evidence, moment.pids);
  };
  progress(`looking at ${target} before the command`);
  const around = await descriptorsAround(target, async () => {
    progress('');
    command = await runShellCommand(during, { timeoutMs: timeoutMs ?? NO_LIMIT_MS, signal });
  }, { settleMs, beside }, context);
  const { label, pids, windowMs, samples } = around;
  const events = [...descriptorEvents(around, budgets), ...(go?.events(label, windowMs, budgets) ?? []), ...watchEvents(watches, around, budgets)];
  return { command: command!, label, pids, windowMs, samples, events, coverage: [...coverageOf(around, command!, timeoutMs), ...(go ? [go.coverage()] : []), ...(inotify ? [watchCoverage(watches)] : [])] };
}

function descriptorEvents({ label, pids, groups, windowMs, samples, coarseness }: Around, budgets: Budgets): GrewEvent[] {
  return groups.flatMap(({ examples, kind, key, before, after, kept, lost, perQuarter, quality, byOthers, isRestless }): GrewEvent[] => {
    const [example] = examples;
    if (!example) return [];
    const kindOfIt = classOf(example);
    return [{
      type: 'grew', label, pid: example.pid, what: 'descriptors', class: kindOfIt, kind, key: decodeText(key).text, before, after, kept, lost, perQuarter, coarseness, ...budgets.most(kindOfIt),
      byOthers, isDoubtful: quality === 'weak' && isRestless, windowMs, samples,
      evidence: examples.map(({ pid, fd, link }) => ({ name: `fd ${fd}`, value: decodeText(link).text, source: `/proc/${pid}/fd/${fd}` })),
    }];
  }).filter(({ pid }) => pids.length === 0 || pids.includes(pid));
}

function watchEvents({ before = [], after = [] }: { before?: WatchCount[]; after?: WatchCount[] }, { label, windowMs }: Around, { watches }: Budgets): GrewEvent[] {
  return after.flatMap(({ pid, fd, watches: now }): GrewEvent[] => {
    const then = before.find((one) => one.pid === pid && one.fd === fd)?.watches ?? 0;
    if (now <= then) return [];
    return [{
      type: 'grew', label, pid, what: 'watches', class: 'watch', kind: 'inotify', key: 'watches of one inotify instance', before: then, after: now, kept: now - then, lost: 0, coarseness: 1, ...watches,
      byOthers: false, isDoubtful: false, windowMs, samples: 2, evidence: [{ name: `fd ${fd}`, value: 'inotify', source: `/proc/${pid}/fdinfo/${fd}` }],
    }];
  });
}

function coverageOf({ coverage, samples, groups }: Around, { ended, problem }: CommandRun, timeoutMs: number | undefined): Coverage[] {
  const own: Coverage[] = [...coverage];
  if (ended === 'timeout') own.push({ source: 'command', status: 'timeout', detail: `it did not end within ${duration(timeoutMs!)} and was ended with its group`, needed: true });
  else if (ended === 'failed') own.push({ source: 'command', status: 'absent', detail: `it could not be started: ${problem ?? 'no reason given'}`, needed: true });
  else if (ended === 'stopped') own.push({ source: 'command', status: 'partial', detail: 'ended by a signal', needed: true });
  if (coverage.every(({ needed, status }) => !needed || status === 'ok')) own.push({ source: 'descriptors', status: 'ok', seen: samples, detail: `${samples} samples of ${groups.length} groups`, needed: true });
  return own;
}

function watchCoverage({ before, after }: { before?: WatchCount[]; after?: WatchCount[] }): Coverage {
  return before && after ? { source: 'inotify watches', status: 'ok', seen: after.length, detail: `${after.length} instances`, needed: true } : { source: 'inotify watches', status: 'absent', detail: 'they were not counted twice', needed: true };
}
