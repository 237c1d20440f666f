/** `inherit OLD NEW`: what the new generation of a service really got from the old one. */
import type { Command } from 'commander';
import type { CommandContext, Outcome } from '../command.ts';
import { sidesOf } from './sides.ts';
import { UserError } from '../kernel/user-error.ts';
import { processLabel } from '../kernel/services.ts';
import { runRules } from '../report/index.ts';
import { collectInherit } from './collect.ts';
import { buildData, emptyData as noData, type InheritData } from './data.ts';
import { viewOf } from './view.ts';

export function configure(command: Command): void {
  command
    .argument('[old]', 'the generation before: pid, name, :port, unit:NAME, a pid file; or a tape of it made by reloadctl record before the reload')
    .argument('[new]', 'the generation after')
    .option('--tree <pid>', 'find the two generations among the processes that hold its listeners')
    .option('--from <tape>', 'both from one tape, made by reloadctl record --tree')
    .addHelpText('after', '\nValues of the environment and arguments are never shown. Exit codes: 0 nothing critical, 3 one of them could not be read.');
}

export async function run(args: string[], options: Record<string, unknown>, context: CommandContext): Promise<Outcome> {
  const [old, now] = await sidesOf(args, options, context);
  const { isRoot, rerun, signal } = context;
  const asking = context.tapeHeader ? { isRoot: false, rerun: 'reloadctl record TARGET --tree -o FILE', signal } : { isRoot, rerun, signal };
  const { look, coverage } = await collectInherit(old, now, asking);
  if (!look && !coverage.list().some(({ needed, status }) => needed && status !== 'ok')) throw new UserError('one of the two has ended', { exitCode: 3, hints: ['before a reload: reloadctl record PID --full -o gen.rctl, after it: reloadctl inherit gen.rctl NEWPID'] });
  return {
    kind: 'report',
    target: { spec: args.join(' ') || String(options.tree ?? ''), label: look ? `${processLabel(look.old)} -> ${processLabel(look.new)}` : `${old.pid} -> ${now.pid}`, pids: [now.pid] },
    findings: look ? runRules(context.rules, [look]) : [],
    coverage: coverage.list(),
    data: look ? buildData(look) : noData(),
    body: () => (look ? viewOf(look) : []),
  };
}

export function emptyData(): InheritData {
  return noData();
}
