import type { Command } from 'commander';
import type { CommandContext, Outcome } from '../command.ts';
import type { Evidence } from '../evidence/types.ts';
import { CoverageLog } from '../kernel/coverage.ts';
import { parseDuration } from '../kernel/duration.ts';
import { targetOf } from '../kernel/look-at.ts';
import { processLabel } from '../kernel/services.ts';
import { UserError } from '../kernel/user-error.ts';
import { ownProgram } from '../package-files.ts';
import { runRules } from '../report/index.ts';
import type { Left } from './attach/index.ts';
import { dataOf, emptyNodeData, type NodeData } from './data.ts';
import { type LookOptions, lookAtNode } from './look.ts';
import type { NodeLook } from './model.ts';
import type { NodeTrends } from './watch/event.ts';
import { viewOf } from './view.ts';

/** Stacks that --busy takes. */
const BUSY_SAMPLES = 10;
/** Percent. */
const DEFAULT_OVERHEAD = 5;

export function configure(command: Command): void {
  command
    .argument('[target]', 'pid, process name, :port, unit:NAME, container:ID, pod:NS/NAME, a pid file, or ws://127.0.0.1:PORT/... of an inspector')
    .option('--tree', 'with all descendants that are Node: cluster children, forks')
    .option('--yes', 'send SIGUSR1 without asking, where neither our preload nor an open inspector is there')
    .option('--list', 'each handle, not only groups')
    .option('--watch <time>', 'stay attached for this long (8s, 1m): which handles become more, and how fast')
    .option('--stacks', 'with --watch: the line that makes each handle from now on (async_hooks in the target, removed again)')
    .option('--deep', 'with --stacks: of timers, too, which costs more')
    .option('--promises', 'with --watch: promises that are made meanwhile and do not settle; costs the target many times its CPU')
    .option('--max-overhead <percent>', 'turn the stacks off when they cost more than this part of the time; 0: never', String(DEFAULT_OVERHEAD))
    .option('--heap', 'count promises that are held and not settled: collects garbage and stops the loop for 0.1 s and more; refused from Node 25 on, where that can end the process')
    .option('--force', 'with --heap: also there')
    .option('--from <tape>', 'what a tape made by reloadctl record --node says, instead of this host; - is stdin')
    .option('--busy', 'stacks of what runs now: where a blocked loop is')
    .addHelpText('after', `
SIGUSR1 makes Node open its inspector on 127.0.0.1:9229. While it is open (less than a second, a second more with --busy, all the time of
--watch) every local user can run code in the target. It says so in three lines on its stderr ("Debugger listening on ..."), which cannot be avoided. An application that handles
SIGUSR1 itself gets its handler called; that cannot be known beforehand. Started with node --import reloadctl/register, a process is
asked through a unix socket of mode 0600 instead, without any signal, and knows the line that made each handle. Of FileHandles that may be
lost it is told by one garbage collection (heaps below 64 MiB only), during which none of them can be closed. No function of the
application is called in there, but looking at its objects may run getters of it.`);
}

export async function run(args: string[], options: Record<string, unknown>, context: CommandContext): Promise<Outcome> {
  const [spec] = args;
  if (spec === undefined && !context.tapeHeader) throw new UserError('node needs a target', { hints: ['reloadctl node <pid | name | :port | unit:NAME | container:ID | pod:NS/NAME | pid file>'] });
  const port = spec === undefined ? undefined : portOfUrl(spec);
  const target = targetOf(port === undefined ? spec : `:${port}`, Boolean(options.tree), context, 'node');
  const coverage = new CoverageLog();
  const watch = watchOptions(options);
  const looks: NodeLook[] = [];
  const trends: NodeTrends[] = [];
  const stuck: NodeLook[] = [];
  let how = '';
  let refused: NodeData['refusal'];
  let left: Left | undefined;
  for (const pid of target.pids) {
    if (context.signal.aborted) break;
    const result = await lookAtNode(context.evidence, pid, lookOptionsOf(pid, options, context, { ...(port !== undefined && { port }), ...(watch && { watch }) }));
    if (!('refused' in result)) {
      looks.push(result.look);
      if (result.trends) trends.push(result.trends);
      how = result.how;
    } else {
      refused ??= { code: result.refused.refusal.code, why: result.refused.refusal.why };
      left ??= result.refused.left;
      if (result.stuck) stuck.push(result.stuck);
      // What is below a server need not be Node.
      if (target.pids.length > 1 && result.refused.refusal.code === 'not-node') continue;
    }
    for (const entry of result.coverage.list()) coverage.note(entry);
  }
  const data = looks.length > 0 ? dataOf(looks, how, trends) : { ...emptyNodeData(), ...(stuck[0]?.loop && { loop: stuck[0].loop }), ...(refused && { refusal: refused }), ...(left && { left: { ...left, how: 'signal' } }) };
  const label = looks.length === 1 ? processLabel(looks[0]!.process) : `${target.name || target.spec} (${target.pids.length} ${target.pids.length === 1 ? 'process' : 'processes'})`;
  return {
    kind: 'report',
    target: { spec: target.spec, label, pids: target.pids },
    findings: runRules(context.rules, [...looks, ...stuck, ...trends]),
    coverage: coverage.list(),
    data,
    body: () => viewOf(label, data, { list: Boolean(options.list), rerun: context.rerun }),
  };
}

function lookOptionsOf(pid: number, options: Record<string, unknown>, context: CommandContext, more: Pick<LookOptions, 'port' | 'watch'>): LookOptions {
  return {
    mayi: () => maySignal(pid, options, context),
    helper: ownProgram('node-helper'),
    signal: context.signal,
    rerun: context.rerun,
    isRoot: context.isRoot,
    busy: options.busy ? BUSY_SAMPLES : 0,
    ...(Boolean(options.heap) && { heap: options.force ? ('force' as const) : ('asked' as const) }),
    progress: context.progress,
    ...more,
  };
}

/** For a tape: looks at each of these processes, through evidence that notes what was seen. Throws UserError where nobody can be asked for the signal. */
export async function recordNodes(evidence: Evidence, pids: readonly number[], options: Record<string, unknown> & { windowMs?: number }, context: CommandContext): Promise<void> {
  const { windowMs } = options;
  const watch = windowMs === undefined ? {} : { watch: { windowMs, stacks: false, deep: false, promises: Boolean(options.promises), mostOverhead: options.promises ? 0 : DEFAULT_OVERHEAD / 100 } };
  for (const pid of pids) await lookAtNode(evidence, pid, lookOptionsOf(pid, options, context, watch));
}

/** Of `ws://127.0.0.1:9229/...`, as Node prints it; undefined for what is no such URL. Throws UserError for one of another host. */
export function portOfUrl(spec: string): number | undefined {
  if (!/^wss?:/.test(spec)) return undefined;
  const [, host, port] = /^ws:\/\/(\[[\da-f:]+\]|[\w.-]+):(\d{1,5})(?:\/[\w/-]*)?$/i.exec(spec) ?? [];
  if (host === undefined || port === undefined || Number(port) > 65_535) {
    throw new UserError(`not the URL of an inspector: ${spec}`, { hints: ['ws://127.0.0.1:9229/... as Node prints it, or the pid'] });
  }
  if (!/^(?:127\.[\d.]+|localhost|\[::1\])$/.test(host)) {
    throw new UserError(`${spec}: only inspectors of this host are asked, since handles are joined with its descriptors`, { hints: [`run reloadctl on ${host}`] });
  }
  return Number(port);
}

const LONGEST_WATCH_MS = 600_000;

/** Throws UserError for what does not go together. */
function watchOptions(options: Record<string, unknown>): LookOptions['watch'] {
  const percent = Number(options.maxOverhead ?? DEFAULT_OVERHEAD);
  if (!(percent >= 0 && percent <= 100)) throw new UserError(`--max-overhead ${String(options.maxOverhead)}: a number of percent, 0 to 100`);
  if (options.deep && !options.stacks) throw new UserError('--deep needs --stacks: it is about which stacks are taken', { hints: ['reloadctl node <target> --watch 30s --stacks --deep'] });
  if (typeof options.watch !== 'string') {
    const alone = ['stacks', 'promises'].find((name) => options[name]);
    if (alone === undefined) return undefined;
    throw new UserError(`--${alone} needs --watch: only what is made meanwhile is seen`, { hints: [`reloadctl node <target> --watch 30s --${alone}`] });
  }
  const windowMs = parseDuration('--watch', options.watch);
  if (windowMs > LONGEST_WATCH_MS) throw new UserError(`--watch ${options.watch} is longer than 10m: the inspector would be open for so long`);
  return { windowMs, stacks: Boolean(options.stacks), deep: Boolean(options.deep), promises: Boolean(options.promises), mostOverhead: percent / 100 };
}

/** Throws UserError where nobody can be asked. */
async function maySignal(pid: number, options: Record<string, unknown>, context: CommandContext): Promise<boolean> {
  if (options.yes) return true;
  const openFor = typeof options.watch === 'string' ? options.watch : options.busy ? 'some two seconds' : 'less than a second';
  const question = `send SIGUSR1 to process ${pid}? Node opens its inspector then, for ${openFor};`;
  const answer = await context.confirm?.(`${question} an application that handles SIGUSR1 itself gets its handler called`);
  if (answer !== undefined) return answer;
  const hints = [`${context.rerun} --yes`, 'or start the target with node --import reloadctl/register: then no signal is needed'];
  throw new UserError(`node sends SIGUSR1 to process ${pid}: say so with --yes`, { hints });
}

export function emptyData(): NodeData {
  return emptyNodeData();
}
