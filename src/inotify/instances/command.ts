import type { Command } from 'commander';
import type { CommandContext, Outcome } from '../../command.ts';
import { parseDuration } from '../../kernel/duration.ts';
import { targetOf } from '../../kernel/look-at.ts';
import type { ResolvedTarget } from '../../kernel/targets/index.ts';
import { encodeText } from '../../kernel/text.ts';
import { UserError } from '../../kernel/user-error.ts';
import { runRules } from '../../report/index.ts';
import { shellWord } from '../../report/words.ts';
import { collectInotify } from './collect.ts';
import { buildData, type InotifyData } from './data.ts';
import { untilSettled } from './settle.ts';
import { viewOf } from './view.ts';

const LONGEST_WATCH_MS = 3_600_000;

export function configure(command: Command): void {
  command
    .argument('[target]', 'pid, process name, :port, unit:NAME, container:ID, pod:NS/NAME, or a pid file')
    .option('--tree', 'with all descendants')
    .option('--expect <path>', 'would a change of this path be seen? Absolute, as the process sees it; may be given several times', (value: string, before: string[] = []) => [...before, value])
    .option('--watch <time>', 'look at the queues for this long (5s, 1m): read, or stuck? and count watches that come and go')
    .option('--all', 'all watches, not only the first')
    .option('--from <tape>', 'analyse a tape made by reloadctl record instead of this host')
    .addHelpText('after', '\nNames of watches on FUSE are looked for by a child that lists all of the mount, for 2 seconds at most: its program has to answer. Not where the target watches for being read.');
}

export async function run(args: string[], options: Record<string, unknown>, context: CommandContext): Promise<Outcome> {
  const [spec] = args;
  const expect = ((options.expect ?? []) as string[]).map(checkedPath);
  const windowMs = typeof options.watch === 'string' ? parseDuration('--watch', options.watch) : undefined;
  if (windowMs !== undefined && windowMs > LONGEST_WATCH_MS) throw new UserError(`--watch ${String(options.watch)} is longer than 1h: each look takes a lock of the target`);
  if (spec === undefined && !context.tapeHeader) throw new UserError('inotify needs a target', { hints: ['reloadctl inotify <pid | name | :port | unit:NAME | container:ID | pod:NS/NAME | pid file>'] });
  const { tapeHeader } = context;
  if (tapeHeader && windowMs !== undefined) throw new UserError('how long the queues were looked at is on the tape: leave --watch out (record --watch)');
  const tree = Boolean(options.tree);
  const resolve = (): ResolvedTarget => targetOf(spec, tree, context, 'inotify');
  const began = resolve();
  const lookedMs = tapeHeader?.watch?.queuesMs ?? windowMs;
  const lookAt = ({ pids, name }: ResolvedTarget, ms?: number): ReturnType<typeof collectInotify> =>
    collectInotify(context.evidence, pids, name, {
      expect,
      ...(ms !== undefined && { windowMs: ms }),
      rerun: tapeHeader ? `reloadctl record ${shellWord(tapeHeader.spec)} -o FILE` : context.rerun,
      isRoot: tapeHeader ? false : context.isRoot,
      signal: context.signal,
      progress: context.progress,
    });
  const first = { target: began, ...(await lookAt(began, lookedMs)) };
  const mayChange = !tapeHeader && expect.length > 0 && (tree || began.pids.length > 1);
  const { target, look, coverage } = mayChange ? await untilSettled(first, { resolve, look: (now) => lookAt(now), sleep: (ms) => context.evidence.sleep(ms), signal: context.signal }) : first;
  const data = buildData(look);
  return {
    kind: 'report',
    target: { spec: target.spec, label: look.label, pids: target.pids },
    findings: runRules(context.rules, [look]),
    coverage: coverage.list(),
    data,
    body: () => viewOf(look, data, { all: Boolean(options.all), rerun: context.rerun }),
  };
}

export function emptyData(): InotifyData {
  return { instances: [], watches: [], maxQueuedEvents: null };
}

function checkedPath(path: string): string {
  if (!path.startsWith('/')) throw new UserError(`--expect ${path}: give the whole path, from /`, { hints: ['it is looked at as the process sees it, which may have another working directory'] });
  if (path.includes('\0')) throw new UserError('--expect: a path holds no NUL');
  return encodeText(path);
}
