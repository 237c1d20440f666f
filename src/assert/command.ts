/** `assert`: runs a command, and goes red when it leaks. */
import type { Command } from 'commander';
import type { CommandContext, Outcome } from '../command.ts';
import { findCommand } from '../effects/find-command.ts';
import { FileSink } from '../render/index.ts';
import { budgetsOf } from './budgets.ts';
import { checkedBy } from './checked.ts';
import { dataOf } from './data.ts';
import { duringOutcome } from './during/outcome.ts';
import { hold } from './hold.ts';
import { judge } from './judge.ts';
import { watchNode } from './node.ts';
import { readDuring, readOptions, USUAL_GRACE_MS } from './options.ts';
import { readRulebook } from './policy.ts';
import { selfTest } from './self-test.ts';
import { trace } from './traced.ts';
import { viewOf } from './view.ts';

export function configure(command: Command): void {
  command
    .usage('[options] -- COMMAND ARGUMENTS | --pid TARGET --during COMMAND')
    .argument('[command...]', 'what is run; its input, output, signals and exit code are its own')
    .option('--fds', 'what is open at the exits and left behind: always looked at')
    .option('--node', 'handles that tests of node:test, vitest, jest and mocha leave, with test and line')
    .option('--promises', 'of --node: promises that tests leave and that never settle, too; costs a stack for each promise')
    .option('--goroutines', 'goroutines that Go programs leave at their exit, tests of `go test` too, with the line that made them')
    .option('--strace', 'the code that opened what is left open, in any language: each call that opens or closes is recorded with its stack')
    .option('--pid <target>', 'of a service that runs: what it has more of after --during (pid, name, :port, unit:NAME, ...; with its descendants)')
    .option('--during <command>', 'run this by /bin/sh -c meanwhile: what makes the requests')
    .option('--max-growth <n>', 'of --pid: so many more of each kind are no leak (default: 3 files, 15 connections, goroutines, ...)')
    .option('--inotify', 'watches of inotify, too: of --pid, and at exits where the policy has a budget for them')
    .option('--timeout <time>', 'end the command and all it started when it takes longer, and name what kept it alive')
    .option('--grace <time>', 'how long what the command started may outlive it (default: 1s)')
    .option('--policy <file>', 'budgets and what is allowed (default: reloadctl.yaml here, where it is)')
    .option('--baseline <file>', 'findings that are known: only others count')
    .option('--write-baseline <file>', 'write the findings of this run as a baseline')
    .option('--self-test', 'plant a leak of our own first, which must be seen')
    .option('--exit-code <whose>', 'tool for ours, also when the command failed')
    .addHelpText('after', '\nEvery process of the command is held at its own exit by strace, read, and let go: some 2 ms each. What outlives the command is ended.\nExit code: that of the command when it is not 0; else 0 no leak, 1 a leak, 3 could not look.');
}

export async function run(args: string[], given: Record<string, unknown>, context: CommandContext): Promise<Outcome> {
  const during = readDuring(context.wrapped, args, given);
  if (during) return duringOutcome(during, context);
  const options = readOptions(context.wrapped, args, given);
  const found = findCommand(options.command[0]!);
  if ('problem' in found) {
    context.say(`reloadctl: ${found.problem}`);
    return { kind: 'text', text: '', exitCode: found.code };
  }
  const rulebook = await readRulebook(options.policy, options.baseline, context);
  const output = options.writeBaseline === undefined ? undefined : await FileSink.open(options.writeBaseline);
  const control = options.selfTest ? [await selfTest(options, context)] : [];
  const node = options.node ? await watchNode(options.graceMs, options.promises) : undefined;
  const asked = { ...options, graceMs: options.graceMs ?? rulebook.graceMs ?? USUAL_GRACE_MS };
  const { run: ran, events, coverage } = await (options.strace ? trace : hold)(asked, budgetsOf(rulebook.budgets), context, node?.env);
  const handles = node?.read();
  node?.close();
  events.push(...(handles?.events ?? []));
  const { findings, coverage: allowed } = await judge(events, rulebook, output, context);
  const data = dataOf(ran.code, ran, events, findings);
  // A command that was ended by us has no code of its own.
  const isOwn = ran.code !== 0 && !ran.timedOut && !options.toolExit;
  return {
    kind: 'report',
    target: { spec: options.command.join(' '), label: options.command.join(' '), pids: [] },
    findings,
    coverage: [...control, ...coverage, ...(handles?.coverage ?? []), ...allowed],
    data,
    checked: checkedBy(options),
    ...(rulebook.file !== undefined && { anchor: rulebook.file }),
    body: () => viewOf(data),
    ...(isOwn && { exitCode: ran.code }),
  };
}
