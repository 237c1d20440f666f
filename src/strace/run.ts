/** Reads logs from their first to their last line. */
import { isOutOfDescriptors, LogInputError, logFilesOf, openLogFile, openLogStream, pidOfName } from '../evidence/index.ts';
import type { LogInput } from '../evidence/index.ts';
import { UserError } from '../kernel/user-error.ts';
import { bytes, count, duration, percent } from '../report/words.ts';
import type { CommandContext } from '../command.ts';
import { Analysis, type AnalysisOptions } from './collect/analysis.ts';
import type { Follower } from './follow/follow.ts';
import { readHead } from './parse/head.ts';
import { newLine } from './parse/line.ts';
import { type LineTaker, type LogFile, Logs, openReaders } from './read/logs.ts';
import { recognise, type Recognised } from './read/recognise.ts';

const PROGRESS_MS = 500;

export interface RunOptions {
  full: boolean;
  /** Stops before the first line this is true of. @param time µs as the line has it, NaN without; `first`: that of the first line */
  stopsAt?: ((time: number, line: number, first: number) => boolean) | undefined;
  prepare?: (analysis: Analysis) => void;
  emit: AnalysisOptions['emit'];
  /** Awaited now and then while reading. */
  drain?: () => Promise<void>;
}

export interface Ran {
  analysis: Analysis;
  recognised: Recognised;
  bytes: number;
  names: string[];
  /** Stopped by a signal, or where --at says. */
  stopped: boolean;
  isCut: boolean;
  shortened: number;
  /** Files of a set that could not be read. */
  missing: { name: string; problem: string }[];
}

/** @throws UserError (exit 2) for what is no log of strace */
export async function readLogs(args: readonly string[], context: CommandContext, options: RunOptions): Promise<Ran> {
  const names = expand(args);
  const { files, missing } = await openAll(names, context);
  try {
    return await readOpen(files, missing, context, options);
  } catch (error) {
    throw inputProblem(error, files.map(({ input }) => input.name).join(', '));
  } finally {
    for (const { input } of files) input.close();
  }
}

function expand(args: readonly string[]): string[] {
  if (args.filter((arg) => arg === '-').length > 1) throw new UserError('stdin can be read once only');
  return [...new Set(args.flatMap((arg) => (arg === '-' ? [arg] : logFilesOf(arg))))];
}

async function openAll(names: readonly string[], context: CommandContext): Promise<{ files: LogFile[]; missing: Ran['missing'] }> {
  const missing: Ran['missing'] = [];
  const files: LogFile[] = [];
  for (const name of names) {
    try {
      const input = name === '-' ? openLogStream('stdin', context.stdin()) : await openLogFile(name);
      files.push({ input, pid: pidOfName(name) ?? 0 });
    } catch (error) {
      // Of many files one may be missing; the only one may not.
      if (!(error instanceof LogInputError) || names.length === 1) {
        closeAll(files);
        throw inputProblem(error, name);
      }
      missing.push({ name, problem: error.message });
    }
  }
  if (files.length === 0) throw new UserError(`${missing[0]!.name}: ${missing[0]!.problem}`);
  return { files, missing };
}

function closeAll(files: readonly LogFile[]): void {
  for (const { input } of files) input.close();
}

function inputProblem(error: unknown, name: string): unknown {
  if (error instanceof LogInputError) return new UserError(`${name}: ${error.message}`);
  if (isOutOfDescriptors(error)) return new UserError('too many files for our own limit of descriptors: raise it, ulimit -n', { exitCode: 3 });
  return error;
}

async function readOpen(all: readonly LogFile[], missing: Ran['missing'], context: CommandContext, options: RunOptions): Promise<Ran> {
  const { readers, samples } = await openReaders(all.map(({ input }) => input));
  // NAME.PID without pids in the lines is a file of strace -ff; with them the number is a part of the name.
  const isSet = all.every(({ pid }) => pid > 0) && !/^(?:\d{1,7} +|\[pid +\d+\] )\S/m.test(samples[0]!.slice(0, 4096));
  const recognition = recognise(samples, isSet);
  const shown = all.map(({ input }) => input.name);
  if (recognition.problem !== undefined) throw new UserError(`${shown.join(', ')}: ${recognition.problem}`);
  const { format } = recognition;
  const sorted = isSet ? all.map((file, index) => ({ file, index })).sort((a, b) => a.file.pid - b.file.pid) : all.map((file, index) => ({ file: { ...file, pid: 0 }, index }));
  const logs = new Logs(sorted.map(({ file, index }) => ({ pid: file.pid, reader: readers[index]! })), isSet);
  const names = sorted.map(({ file }) => file.input.name);
  const analysis = new Analysis({ isTimed: format.time !== 'none', files: names, full: options.full, emit: options.emit });
  options.prepare?.(analysis);
  const { follower } = analysis;
  const taker = options.stopsAt ? stopping(follower, options.stopsAt) : { take: follower.take.bind(follower), isOver: () => false };
  let stopped = false;
  await logs.run(
    {
      take: taker.take,
      takeCut: (block, from, to, pid, number) => {
        // `= 3` may have been `= 35`: only an end that cannot be a beginning is taken.
        if (/(?:[>)]| \+\+\+| ---)$/.test(block.slice(from, to))) taker.take(block, from, to, pid, number);
        else follower.lines++;
      },
      settle: () => follower.settle(), isOver: () => (stopped ||= context.signal.aborted || taker.isOver()),
    },
    pauseOf(sorted.map(({ file }) => file.input), context, options.drain),
  );
  context.progress('');
  const isCut = logs.readers.some((reader) => reader.cut) || stopped;
  analysis.finish(isCut);
  return {
    analysis, recognised: format, bytes: logs.readers.reduce((sum, reader) => sum + reader.bytes, 0), names, stopped, isCut,
    shortened: logs.readers.reduce((sum, reader) => sum + reader.shortened, 0), missing,
  };
}

/** Takes lines up to a moment. */
function stopping(follower: Follower, stopsAt: NonNullable<RunOptions['stopsAt']>): Pick<LineTaker, 'take' | 'isOver'> {
  const head = newLine();
  let first = NaN;
  let isOver = false;
  return {
    take: (block, from, to, pid, number) => {
      if (isOver) return;
      readHead(head, block.buf, from, to);
      if (Number.isNaN(first)) first = head.time;
      isOver = stopsAt(head.time, number, first);
      if (!isOver) follower.take(block, from, to, pid, number);
    },
    isOver: () => isOver,
  };
}

/** Lets signals through, and tells how far it is. */
function pauseOf(inputs: readonly LogInput[], context: CommandContext, drain: RunOptions['drain']): () => Promise<void> {
  const started = performance.now();
  const sizes = inputs.map(({ size }) => size);
  const total = sizes.every((size) => size !== undefined) ? sizes.reduce((sum, size) => sum + size!, 0) : undefined;
  let told = started;
  return async () => {
    await new Promise((resolve) => setImmediate(resolve));
    await drain?.();
    const now = performance.now();
    if (now - told < PROGRESS_MS) return;
    told = now;
    const read = inputs.reduce((sum, input) => sum + input.position(), 0);
    const rate = (read / (now - started)) * 1000;
    const left = total === undefined || rate === 0 ? '' : `, ${percent(read / total)}, ${duration(((total - read) / rate) * 1000)} left`;
    context.progress(`${bytes(read)} read${left}, ${count(Math.round(rate / 1e6))} MB/s`);
  };
}
