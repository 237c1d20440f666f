import { hostname, release } from 'node:os';
import { Command, Help } from 'commander';

import { askedCommand } from './asked-command.ts';
import { confirm } from './cli/confirm.ts';
import { report as reportError } from './cli/errors.ts';
import { watchSignals } from './cli/interrupt.ts';
import { addCommonOptions, type CommonOptions, readCommonOptions } from './cli/options.ts';
import { discardFiles, isShared, type OutputFile, openFiles, writeReport, writeText } from './cli/output.ts';
import { progressLine } from './cli/progress.ts';
import type { Screen } from './cli/screen.ts';
import { shellQuote } from './cli/shell-quote.ts';
import { tapeCoverage, tapeTarget } from './cli/tape.ts';
import { tell } from './cli/tell.ts';
import type { CommandContext, CommandEntry, CommandModule, CommandPart, Outcome, ReportOutcome, TapeTarget, TapeWorld, World } from './command.ts';
import { commands } from './commands.ts';
import { inheritedFds } from './evidence/inherited-fds.ts';
import { openLive, readTape, type TapeEvidence } from './evidence/index.ts';
import { closest } from './kernel/closest.ts';
import { withoutSecrets } from './kernel/without-secrets.ts';
import { UserError } from './kernel/user-error.ts';
import { readUserInput, type UserInput } from './kernel/user-input.ts';
import { loadPaint, wantsColour } from './render/index.ts';
import { exitCodeOf, type Report, verdictOf } from './report/index.ts';
import { version } from './version.ts';

export { engineAsStarted } from './evidence/index.ts';

/** Runs one command line. Never ends the process: it sets the exit code and lets the output drain. */
export async function main(argv: string[]): Promise<void> {
  const help: string[] = [];
  try {
    const program = await buildProgram(argv, (text) => help.push(text));
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    process.exitCode = reportError(error);
  }
  if (help.length > 0) await writeHelp(help.join(''));
}

/** Only now: commander would not wait for a reader, nor notice one that has gone. */
async function writeHelp(text: string): Promise<void> {
  try {
    await writeText(text, { markdown: false, colour: 'never' });
  } catch (error) {
    process.exitCode = reportError(error);
  }
}

/** The command that is asked for, of which alone the module is loaded; without one all, by name and summary. */
async function buildProgram(argv: readonly string[], writeOut: (text: string) => void): Promise<Command> {
  const program = new Command('reloadctl');
  program
    .description('Says why a hot reload failed or a process ran out of descriptors: verdict first, with evidence, confidence and remedy.')
    .version(version, '-V, --version')
    .exitOverride()
    .configureOutput({ writeOut, writeErr: tell })
    .enablePositionalOptions()
    .addHelpText('after', '\nExit codes: 0 nothing found, 1 findings, 2 bad usage or input, 3 could not look (or not at all that was needed).\nTry it: reloadctl demo');
  const asked = commands.find(({ name }) => name === askedCommand(argv));
  if (!asked) refuseUnknown(argv[0]);
  for (const entry of asked ? [asked] : commands) {
    const command = program.command(entry.name).summary(entry.summary).description(`${entry.summary}\neffects: ${entry.effects}`);
    command.exitOverride().helpOption('-h, --help').createHelp = () => Object.assign(new Help(), { sortOptions: false });
    if (!asked) continue;
    const module = await entry.load();
    module.configure(command);
    addCommonOptions(command);
    command.action(async () => {
      const interrupt = watchSignals();
      const code = await runCommand(entry, module, command, argv, interrupt.signal).catch(reportError);
      process.exitCode = entry.wraps && argv.includes('--') ? code : (interrupt.exitCode() ?? code);
    });
  }
  return program;
}

/** A pid or a name alone is what people type first. */
function refuseUnknown(word: string | undefined): void {
  if (word === undefined || word === 'help' || word.startsWith('-')) return;
  const meant = closest(word, commands.map(({ name }) => name));
  const hints = meant === undefined || /^\d/.test(word) ? [`reloadctl fds ${shellQuote([word])}`, 'reloadctl --help'] : [`reloadctl ${meant}`];
  throw new UserError(`unknown command: ${word}`, { hints });
}

async function runCommand(entry: CommandEntry, module: Awaited<ReturnType<CommandEntry['load']>>, command: Command, argv: readonly string[], signal: AbortSignal): Promise<number> {
  const options: Record<string, unknown> = command.opts();
  const common = readCommonOptions(options);
  const onStdout = common.outputs.find((output) => output.file === undefined);
  const isWrapper = Boolean(entry.wraps) && argv.includes('--');
  const inherited = isWrapper ? inheritedFds() : [];
  const world = await openWorld(options.from, signal);
  const { evidence, tapeHeader, rewound } = world;
  let files: OutputFile[] = [];
  let screen: Screen | undefined;
  /** What is told while the screen shows something else. */
  const untold: string[] = [];
  try {
    files = await openFiles(common.outputs);
    if (options.tui) screen = await openTui(common);
    const context: CommandContext = {
      evidence,
      ...(tapeHeader && { tapeHeader }),
      ...(rewound && { rewound }),
      part: partNamed,
      rules: (await entry.rules?.()) ?? [],
      signal,
      rerun: `reloadctl ${shellQuote(argv.map(withoutSecrets))}`,
      isRoot: process.geteuid?.() === 0,
      say: (text) => void (common.quiet || (screen ? untold.push(`${text}\n`) : tell(`${text}\n`))),
      progress: screen ? () => undefined : progressLine(common.quiet),
      ...(screen && { live: (page) => screen!.draw(page) }),
      ...(onStdout && { formatOnStdout: onStdout.format }),
      ...(isWrapper && { wrapped: argv.slice(argv.indexOf('--') + 1), inherited }),
      shares: isShared(common.outputs),
      confirm,
      stdin: () => process.stdin,
      replay: (text, name) => worldOf({ text, name }),
      standIn,
    };
    const outcome = await module.run(command.args, options, context);
    screen?.close();
    for (const text of untold.splice(0)) tell(text);
    return await finish(entry, outcome, common, files, world, outcome.kind === 'report' && outcome.checked ? outcome.checked : context.rules.map(({ id }) => id));
  } catch (error) {
    const outcome = error instanceof UserError && error.exitCode === 3 ? nothingThere(error, module, command, options) : undefined;
    if (outcome && common.outputs.length > 0) await finish(entry, outcome, common, files, world);
    throw error;
  } finally {
    screen?.close();
    await discardFiles(files);
    evidence.close();
  }
}

/** Loaded only where it is wanted. */
async function openTui({ colour }: CommonOptions): Promise<Screen> {
  const { openScreen } = await import('./cli/screen.ts');
  return openScreen(await loadPaint(wantsColour(colour, process.env, true)));
}

async function partNamed(name: string): Promise<CommandPart> {
  const { load, rules } = commands.find((entry) => entry.name === name)!;
  return { module: await load(), rules: (await rules?.()) ?? [] };
}

/** A target that is not there, or may not be seen, as a report for scripts; people get the message alone. */
function nothingThere(error: UserError, module: CommandModule, command: Command, options: Record<string, unknown>): ReportOutcome | undefined {
  const typed = command.args[0] ?? [options.tree, options.attach].find((option) => typeof option === 'string');
  if (typed === undefined || !module.emptyData) return undefined;
  const spec = withoutSecrets(typed);
  const fix = error.hints.join('; ');
  return {
    kind: 'report',
    target: { spec, label: spec, pids: [] },
    findings: [],
    coverage: [{ source: 'target', status: 'absent', detail: error.message, ...(fix !== '' && { fix }), needed: true }],
    data: module.emptyData(options),
    body: () => [],
  };
}

/** This host, or the tape of --from. Throws UserError or TapeError for a file that is none. */
async function openWorld(from: unknown, signal: AbortSignal): Promise<World> {
  if (typeof from === 'string') return worldOf(await readUserInput(from, () => process.stdin, signal));
  const started = new Date();
  const host = { kernel: release(), hostname: hostname() };
  return {
    evidence: openLive({ signal }),
    moment: () => ({ startedAt: started.toISOString(), durationMs: Date.now() - started.getTime(), host }),
    unanswered: () => [],
  };
}

function worldOf({ text, name }: UserInput): TapeWorld {
  const tape = readTape(text, name);
  return standIn(tape, tapeTarget(tape.header, name));
}

function standIn(tape: TapeEvidence, tapeHeader: TapeTarget): TapeWorld {
  const readings: Pick<TapeEvidence, 'now'>[] = [tape];
  return {
    evidence: tape,
    tapeHeader,
    rewound: () => {
      const anew = tape.rewound();
      readings.push(anew);
      return anew;
    },
    moment: () => ({ startedAt: tapeHeader.recordedAt, durationMs: Math.round(Math.max(...readings.map((each) => each.now()))), host: tapeHeader.host }),
    unanswered: (target) => tapeCoverage(tape.missing(), target, tapeHeader.leftOut),
  };
}

function withoutBody({ body: _body, ...rest }: NonNullable<ReportOutcome['shared']>): Omit<NonNullable<ReportOutcome['shared']>, 'body'> {
  return rest;
}

async function finish(entry: CommandEntry, outcome: Outcome, common: CommonOptions, files: readonly OutputFile[], world: World, checked: readonly string[] = []): Promise<number> {
  if (outcome.kind === 'text') {
    if (outcome.text !== '') await writeText(outcome.text, { markdown: outcome.markdown ?? false, colour: common.colour });
    return outcome.exitCode ?? 0;
  }
  const { findings } = outcome;
  const coverage = [...outcome.coverage, ...world.unanswered(outcome.target)];
  const report: Report = {
    schemaVersion: '1.0',
    tool: { name: 'reloadctl', version },
    command: entry.name,
    ...world.moment(),
    target: outcome.target,
    verdict: outcome.verdict ?? verdictOf(findings, coverage, common.failOn),
    findings,
    coverage,
    data: outcome.data,
  };
  try {
    const { shared } = outcome;
    await writeReport({ report, body: outcome.body }, common, files, { document: outcome.document, checked, anchor: outcome.anchor, ...(shared && { shared: { report: { ...report, ...withoutBody(shared) }, body: shared.body } }) });
  } finally {
    await outcome.after?.();
  }
  return outcome.exitCode ?? exitCodeOf(report.verdict);
}
