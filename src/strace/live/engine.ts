/** Which engine records, by what the host permits; what it costs; what it does. */
import type { CommandContext } from '../../command.ts';
import { findTracefs } from '../../effects/tracefs.ts';
import { UserError } from '../../kernel/user-error.ts';
import { duration } from '../../report/words.ts';
import { attach, attachArgs } from './attach.ts';
import { commandLine } from './command-line.ts';
import { LOG_PATH, logWords } from './log.ts';
import type { LiveOptions } from './options.ts';
import { recordByTracefs } from './tracefs/record.ts';
import type { Recording } from './recording.ts';
import { readRights, type TracedProcess, whyNoPtrace } from './target.ts';

export interface Chosen {
  engine: Recording['engine'];
  /** The first line: which, why, at what price. */
  words: string;
  /** Commands and files of --dry-run. */
  plan(): string[];
  start(): Promise<Recording>;
}

/** The first pid namespace of the host (include/linux/proc_ns.h PROC_PID_INIT_INO): the kernel's traces have its numbers. */
const FIRST_NAMESPACE = 'pid:[4026531836]';

/** @throws UserError, exit 3: neither is permitted */
export function chooseEngine(context: CommandContext, processes: readonly TracedProcess[], options: LiveOptions): Chosen {
  const { engine, stacks } = options;
  const noTracefs = whyNoTracefs(context, options);
  if (engine === 'tracefs' && noTracefs !== undefined) throw new UserError(`tracefs cannot be used: ${noTracefs}`, { exitCode: 3, hints: ['record by strace: --engine strace'] });
  const { evidence } = context;
  // What strace walks is whole; the kernel has the frames of code with frame pointers only.
  const prefersStrace = engine === 'strace' || (engine === 'auto' && stacks && whyNoPtrace(processes, readRights(evidence), String) === undefined);
  if (!prefersStrace && noTracefs === undefined) return byTracefs(context, processes, options);
  const obstacle = whyNoPtrace(processes, readRights(evidence), (pid) => nameOf(evidence, pid));
  if (obstacle) throw new UserError(`strace may not attach: ${obstacle.why}`, { exitCode: 3, hints: [...(engine === 'auto' && noTracefs !== undefined ? [`nor may tracefs be used: ${noTracefs}`] : []), obstacle.fix] });
  return byStrace(context, processes, options, engine !== 'auto' ? '' : stacks ? ' (tracefs would be cheaper, and has the frames of code with frame pointers only: --engine tracefs)' : ` (tracefs would be cheaper: ${noTracefs})`);
}

/** Undefined when it can be used, mounted first where that is agreed to. */
function whyNoTracefs({ evidence, isRoot }: CommandContext, { yes }: LiveOptions): string | undefined {
  if (!isRoot) return 'it needs root';
  if (evidence.readlink('/proc/self/ns/pid').value !== FIRST_NAMESPACE) return 'we are in a pid namespace of our own, and the kernel traces by the numbers of the host';
  const { errno } = findTracefs();
  if (errno === 'ENOENT') return yes ? undefined : 'it is not mounted (--yes mounts it for the recording, or: mount -t tracefs tracefs /sys/kernel/tracing)';
  return errno === undefined ? undefined : `its files may not be written (${errno})`;
}

function byTracefs({ evidence, formatOnStdout, inherited = [] }: CommandContext, processes: readonly TracedProcess[], { command, forMs, untilLeak, keep, stacks }: LiveOptions): Chosen {
  const length = command ? '' : ` for ${untilLeak ? 'at most ' : ''}${duration(forMs)}`;
  return {
    engine: 'tracefs',
    words: `recorded by tracefs${length}: nothing is stopped, a call on descriptors takes about 1 µs longer; names are known only of what stays open for a moment${stacks ? '; stacks as far as frame pointers lead, 8 frames' : ''}`,
    plan: () => [
      `mkdir ${findTracefs().root ?? '/sys/kernel/tracing'}/instances/reloadctl-PID-START`, '# trace_clock, buffer_size_kb, options/event-fork, set_event_pid; events/syscalls/sys_{enter,exit}_* of the calls on descriptors; then trace_pipe_raw is read', ...(stacks ? ['# a second instance, ...-stacks, with options/userstacktrace, for the calls that open'] : []),
      `# ${command ? 'ends with the command' : `ends after ${duration(forMs)}`} and removes the instance; a guard does the same when reloadctl is killed`, ...(keep === undefined ? [] : [`# writes ${keep} (0600)`]),
    ],
    start: () => recordByTracefs(evidence, { processes, command, handedOn: { toStderr: formatOnStdout !== undefined, inherited }, mostMs: command ? undefined : forMs, keep, stacks }),
  };
}

function byStrace({ evidence }: CommandContext, processes: readonly TracedProcess[], options: LiveOptions, aside: string): Chosen {
  const request = { pids: processes.map(({ pid }) => pid), isNested: processes.some(({ innerPid }) => innerPid !== undefined), mostMs: options.forMs, stacks: options.stacks, keep: options.keep };
  return {
    engine: 'strace',
    words: `recorded by strace -p for ${options.untilLeak ? 'at most ' : ''}${duration(options.forMs)}: each system call stops the process twice, 40 to 60 times slower per call${options.stacks ? '; each opening call costs a walk of its stack on top' : ''}; it is let go at more than ${options.maxRate} calls a second${aside}`,
    plan: () => [`setpriv --pdeathsig INT -- strace ${commandLine(attachArgs(request, LOG_PATH))}`, `# ends after ${duration(options.forMs)} by SIGINT; a guard does the same when reloadctl is killed`, ...logWords(options.keep)],
    start: () => attach(evidence, request),
  };
}

function nameOf(evidence: CommandContext['evidence'], pid: number): string {
  const comm = evidence.read(`/proc/${pid}/comm`).value?.trim();
  return comm === undefined ? `process ${pid}` : `${comm} (pid ${pid})`;
}
