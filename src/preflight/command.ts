/** `preflight`: would this reload work? Asked before the signal is sent. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { CommandContext, CommandModule, Outcome } from '../command.ts';
import type { ByteString } from '../evidence/types.ts';
import { closest } from '../kernel/closest.ts';
import { targetOf } from '../kernel/look-at.ts';
import { signalNumber, signalWords } from '../kernel/proc/signals.ts';
import { ProcessTree } from '../kernel/process-tree.ts';
import { processLabel } from '../kernel/services.ts';
import type { ResolvedTarget } from '../kernel/targets/index.ts';
import { UserError } from '../kernel/user-error.ts';
import { encodeText } from '../kernel/text.ts';
import { runRules } from '../report/index.ts';
import { shellWord } from '../report/words.ts';
import { collectPreflight } from './collect.ts';
import type { AskGo } from './delivery.ts';
import { buildData, emptyData as noData, type PreflightData } from './data.ts';
import { viewOf } from './view.ts';

function configure(command: Command): void {
  command
    .argument('[target]', 'pid, process name, :port, unit:NAME, container:ID, pod:NS/NAME, or a pid file')
    .option('--signal <name>', 'the signal that shall reload it: HUP, USR2, ... (default: HUP, with --replace none)')
    .option('--replace <file>', 'would this file take the place of what runs? (a path as the process sees it); without --signal only that is asked')
    .option('--pid-file <path>', 'does it name this process? (default: looked for in /run)')
    .option('--from <tape>', 'analyse a tape made by reloadctl record instead of this host')
    .addHelpText('after', '\nNo signal is sent. Exit codes: 0 nothing speaks against it, 1 it would fail, 3 cannot tell.');
}

/** @param askGo what only a look into the memory of a Go program tells */
export function preflightWith(askGo: AskGo): CommandModule {
  return { configure, emptyData, run: (args, options, context) => run(args, options, context, askGo) };
}

async function run(args: string[], options: Record<string, unknown>, context: CommandContext, askGo: AskGo): Promise<Outcome> {
  const [spec] = args;
  if (spec === undefined && !context.tapeHeader) throw new UserError('preflight needs a target', { hints: ['reloadctl preflight <pid | name | :port | unit:NAME | pid file> --signal USR2'] });
  const replace = replacementOf(options.replace, context);
  const number = options.signal === undefined && replace !== undefined ? undefined : parseSignal(String(options.signal ?? 'HUP'));
  const target = targetOf(spec, false, context, 'preflight');
  const pids = generationOf(target, context);
  const named = typeof options.pidFile === 'string' ? options.pidFile : spec?.includes('/') && !context.tapeHeader ? spec : undefined;
  const pidFile = named === undefined ? undefined : resolve(named);
  const { look, coverage } = await collectPreflight(context.evidence, pids, { askGo, signal: context.signal, ...(number !== undefined && { number }), ...(replace !== undefined && { replace }), ...(pidFile !== undefined && { pidFile }) });
  const label = look ? processLabel(look.process) : `process ${pids[0]}`;
  return {
    kind: 'report',
    target: { spec: target.spec, label, pids },
    findings: look ? runRules(context.rules, [look]) : [],
    coverage: coverage.list(),
    data: look ? buildData(look) : noData(),
    body: () => (look ? viewOf(look) : []),
  };
}

function emptyData(): PreflightData {
  return noData();
}

/** A tape is about the file that it was recorded with. @throws UserError (exit 2) for another one */
function replacementOf(option: unknown, { tapeHeader }: CommandContext): ByteString | undefined {
  if (typeof option !== 'string') return tapeHeader?.replace === undefined ? undefined : encodeText(tapeHeader.replace);
  if (!tapeHeader) return encodeText(resolve(option));
  throw new UserError('a tape is about the file that was named when it was recorded: leave --replace out', { hints: [`reloadctl record ${shellWord(tapeHeader.spec)} --replace ${shellWord(option)} -o FILE`] });
}

function parseSignal(text: string): number {
  const number = signalNumber(text);
  if (number !== undefined) return number;
  const near = closest(text.toUpperCase().replace(/^SIG/, ''), signalWords);
  throw new UserError(`--signal ${text}: no such signal${near === undefined ? '' : `, did you mean ${near}?`}`);
}

/**
 * The process that gets the signal, then those below it. Of the processes of one service it is the one whose parent is none of them.
 * @throws UserError when there are several such
 */
function generationOf({ pids, spec }: ResolvedTarget, { evidence }: CommandContext): number[] {
  const tree = new ProcessTree(evidence);
  const roots = tree.roots(pids);
  const [main, ...others] = roots.length > 0 ? roots : pids;
  if (others.length > 0) throw new UserError(`${spec} is ${roots.length} processes that are not below one: which one gets the signal?`, { hints: roots.slice(0, 5).map((pid) => `reloadctl preflight ${pid}`) });
  return [main!, ...tree.descendants(main!)];
}
