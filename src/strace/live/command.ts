/** `strace -p` and `strace -- COMMAND`: records, and reports what the recording shows. */
import type { CommandContext, Outcome } from '../../command.ts';
import { findCommand, setIdProgramIn } from '../../effects/find-command.ts';
import { resolveTarget } from '../../kernel/targets/index.ts';
import { UserError } from '../../kernel/user-error.ts';
import type { Coverage } from '../../report/index.ts';
import { Events } from '../collect/events.ts';
import type { StraceData } from '../data.ts';
import { reportOf, type ReportOptions } from '../report.ts';
import { readOwn } from '../run.ts';
import { childArgs, killedCoverage, startChild, whyNoSeccomp } from './child.ts';
import { chooseEngine, type Chosen } from './engine.ts';
import { LOG_PATH, logWords } from './log.ts';
import type { LiveOptions } from './options.ts';
import { commandLine } from './command-line.ts';
import type { Recording, RecordingData } from './recording.ts';
import { plantSeeds, seedCoverage, settleSeeds } from './seed.ts';
import { labelOf, readTraced, type TracedProcess, tracerOf } from './target.ts';
import { watchRecording } from './watch.ts';

type Given = ReportOptions & { full?: boolean };
const FORMAT = { time: '-ttt', pids: 'number', options: ['-y'], files: 1 } as const;
const never = new AbortController().signal;

export async function runLive(options: LiveOptions, given: Given, context: CommandContext): Promise<Outcome> {
  return options.command ? runCommand(options.command, options, given, context) : runAttached(options.target!, options, given, context);
}

async function runCommand(command: readonly string[], options: LiveOptions, given: Given, context: CommandContext): Promise<Outcome> {
  const found = findCommand(command[0]!);
  if ('problem' in found) {
    context.say(`reloadctl: ${found.problem}`);
    return { kind: 'text', text: '', exitCode: found.code };
  }
  const words = commandLine(command);
  if (options.engine === 'tracefs') {
    const chosen = chooseEngine(context, [], options);
    if (options.dryRun) return { kind: 'text', text: chosen.plan().join('\n') };
    context.say(chosen.words);
    return ended(await report(words, await chosen.start(), options, given, context, []), options);
  }
  const fallback = whyNoSeccomp(command);
  if (options.dryRun) {
    const args = childArgs({ command, stacks: options.stacks }, LOG_PATH, fallback === undefined);
    return { kind: 'text', text: [`strace ${commandLine(args)}`, ...logWords(options.keep), ...(fallback === undefined ? [] : [`# ${fallback}`])].join('\n') };
  }
  context.say(`recorded by strace${fallback === undefined ? ' --seccomp-bpf: only calls on descriptors are stopped, 3 to 12 times slower each; no_new_privs is set, and the command ends when strace is killed' : ': every call is stopped'}`);
  const recording = await startChild({ command, stacks: options.stacks, keep: options.keep, handedOn: { toStderr: context.formatOnStdout !== undefined, inherited: context.inherited ?? [] }, say: context.say });
  const outcome = await report(words, recording, options, given, context, []);
  return ended({ ...outcome, coverage: [...outcome.coverage, ...(context.isRoot ? [] : withoutRights(outcome.data))] }, options);
}

/** The kernel gives none to whom somebody traces without CAP_SYS_PTRACE (security/commoncap.c), with or without seccomp. */
function withoutRights({ processes }: StraceData): Coverage[] {
  const program = setIdProgramIn(processes.map((process) => process.program ?? ''));
  return program === undefined ? [] : [{ source: 'recording', status: 'partial', detail: `${program} ran without the rights that its file gives: who is traced gets none`, fix: 'record as root', needed: false }];
}

/** The code of the command, when that is not 0. @throws UserError, exit 3, when nothing was recorded */
function ended<T extends { data: StraceData & { recording: RecordingData } }>(outcome: T, { toolExit }: LiveOptions): T {
  const { commandExit = 0 } = outcome.data.recording;
  if (outcome.data.lines === 0) throw new UserError('nothing was recorded: strace may not trace here', { exitCode: 3, hints: ['it needs CAP_SYS_PTRACE in a container: docker run --cap-add=SYS_PTRACE'] });
  return { ...outcome, ...(commandExit !== 0 && !toolExit && { exitCode: commandExit }) };
}

async function runAttached(spec: string, options: LiveOptions, given: Given, context: CommandContext): Promise<Outcome> {
  const { evidence } = context;
  const { pids } = resolveTarget(evidence, spec, { tree: false, command: 'strace -p' });
  const processes = pids.map((pid) => readTraced(evidence, pid));
  const chosen = chooseEngine(context, processes, options);
  if (options.dryRun) return { kind: 'text', text: chosen.plan().join('\n') };
  context.say(chosen.words);
  await mayAttach(chosen, processes, options, context);
  const recording = await chosen.start();
  return report(labelOf(processes), recording, options, given, context, processes);
}

/** Throws UserError where nobody can be asked, or somebody said no. */
async function mayAttach({ engine }: Chosen, processes: readonly TracedProcess[], { yes }: LiveOptions, context: CommandContext): Promise<void> {
  if (engine === 'tracefs' || yes) return;
  const answer = await context.confirm?.(`attach strace to ${labelOf(processes)}?`);
  if (answer === undefined) throw new UserError('strace stops the process twice at each of its calls: say so with --yes', { hints: [`${context.rerun} --yes`] });
  if (!answer) throw new UserError('not recorded');
}

async function report(label: string, recording: Recording, options: LiveOptions, given: Given, context: CommandContext, processes: readonly TracedProcess[]) {
  const events = new Events();
  const started = performance.now();
  const watch = watchRecording(recording, options, context);
  const ran = await readOwn(recording.input, { ...FORMAT, options: [...FORMAT.options, ...(options.stacks ? ['-k'] : [])] }, { ...context, signal: never }, {
    full: Boolean(given.full),
    emit: (event) => events.add(event),
    drain: watch.drain,
    prepare: (analysis) => {
      plantSeeds(analysis, recording.seeds, recording.begun);
      recording.attach?.(analysis);
      watch.analysis(analysis);
    },
  }).finally(() => recording.input.close());
  const end = await recording.ended;
  const recordedMs = watch.endedAt() - started;
  watch.over();
  const unseen = settleSeeds(ran.analysis, recording.seeds, context.evidence, recording.atEnd);
  const outcome = reportOf(label, ran, events, given, context);
  const data: StraceData & { recording: RecordingData } = {
    ...outcome.data,
    recording: {
      engine: recording.engine, stopped: end.why, recordedMs: Math.round(recordedMs),
      ...(options.keep !== undefined && { kept: options.keep }),
      ...(end.commandExit !== undefined && { commandExit: end.commandExit }),
      ...(processes.length > 0 && { left: processes.flatMap(({ pid }) => leftOf(context, pid)) }),
    },
  };
  return { ...outcome, data, coverage: [...outcome.coverage, ...seedCoverage(recording.seeds, unseen), ...end.coverage, ...killedCoverage(end, ran.analysis), ...watch.coverage(end.why)], body: outcome.bodyOf(data) };
}

function leftOf({ evidence }: CommandContext, pid: number): NonNullable<RecordingData['left']> {
  const status = evidence.read(`/proc/${pid}/status`).value;
  return status === undefined ? [] : [{ pid, tracer: tracerOf(status), state: /^State:\t(\w)/m.exec(status)?.[1] ?? '?' }];
}
