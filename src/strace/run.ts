/** Reads logs from their first to their last line. */
import { isOutOfDescriptors, LogInputError, logFilesOf, openLogFile, openLogStream, pidOfName } from '../evidence/index.ts';
import { collectEarly } from '../evidence/own-heap.ts';
import { expectStream } from '../evidence/short-run.ts';
import type { LogInput } from '../evidence/index.ts';
import { UserError } from '../kernel/user-error.ts';
import { bytes, count, duration, percent } from '../report/words.ts';
import type { CommandContext } from '../command.ts';
import { Analysis, type AnalysisOptions } from './collect/analysis.ts';
import type { SetGap } from './collect/set-gaps.ts';
import { type Moment, refuseOutside } from './moment.ts';
import { Lexer } from './lexer/lexer.ts';
import { type LogFile, Logs, openReaders } from './read/logs.ts';
import { isHeadCut, recognise, type Recognised } from './read/recognise.ts';
import { stopping } from './stopping.ts';

const PROGRESS_MS = 500;

export interface RunOptions {
  full: boolean;
  /** Stops before the first line that is later. */
  stopsAt?: Moment | undefined;
  prepare?: (analysis: Analysis) => void;
  emit: AnalysisOptions['emit'];
  /** Awaited now and then while reading. */
  drain?: () => Promise<void>;
  /** It was recorded by us: nothing was filtered out that matters. */
  isOwn?: boolean;
}

export interface Ran {
  analysis: Analysis;
  recognised: Recognised;
  bytes: number;
  names: string[];
  /** Stopped by a signal, or where --at says. */
  stopped: boolean;
  /** Where --at says, which is all that was asked for. */
  until: string | undefined;
  isCut: boolean;
  shortened: number;
  /** Files that end before their end. */
  broken: { name: string; problem: string }[];
  /** Files of a set that must have been there. */
  gaps: SetGap[];
  /** Files of a set that could not be read. */
  missing: { name: string; problem: string }[];
  /** It was recorded by us, with all calls that matter. */
  isOwn: boolean;
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

/** A log that is being made by us: what it looks like is known, and nothing may be in it yet. `signal` ends the reading, not the making. */
export async function readOwn(input: LogInput, format: Recognised, context: CommandContext, options: RunOptions): Promise<Ran> {
  // No line may be made before there are tables: numbers of pipes are looked up in them.
  const opened = await openReaders([input], context.signal, true);
  return follow({ all: [{ input, pid: 0 }], ...opened, isSet: false, format, missing: [] }, context, { ...options, isOwn: true });
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
  const { readers, samples } = await openReaders(all.map(({ input }) => input), context.signal);
  // NAME.PID without pids in the lines is a file of strace -ff; with them the number is a part of the name.
  const isSet = all.every(({ pid }) => pid > 0) && !/^(?:\d{1,7} +|\[pid +\d+\] )\S/m.test(samples[0]!.slice(0, 4096));
  const recognition = recognise(samples, isSet);
  // Nothing came before the signal: there is nothing to say of it.
  if (context.signal.aborted && samples.every((sample) => sample === '')) throw new UserError('stopped before anything was read');
  const shown = all.map(({ input }) => input.name);
  if (recognition.problem !== undefined) throw new UserError(`${shown.join(', ')}: ${recognition.problem}`);
  return follow({ all, readers, samples, isSet, format: recognition.format, missing }, context, options);
}

interface Opened extends Awaited<ReturnType<typeof openReaders>> {
  all: readonly LogFile[];
  isSet: boolean;
  format: Recognised;
  missing: Ran['missing'];
}

async function follow({ all, readers, samples, isSet, format, missing }: Opened, context: CommandContext, options: RunOptions): Promise<Ran> {
  const sorted = isSet ? all.map((file, index) => ({ file, index })).sort((a, b) => a.file.pid - b.file.pid) : all.map((file, index) => ({ file: { ...file, pid: 0 }, index }));
  const names = sorted.map(({ file }) => file.input.name);
  const analysis = new Analysis({ isTimed: format.time !== 'none', isSet, grain: format.time === '-t' ? 1_000_000 : 0, files: names, full: options.full, emit: options.emit });
  options.prepare?.(analysis);
  const { follower } = analysis;
  collectEarly();
  expectStream();
  const lexer = Lexer.create();
  if (lexer) follower.teach(lexer);
  const logs = new Logs(sorted.map(({ file, index }) => ({ pid: file.pid, reader: readers[index]! })), isSet, lexer);
  const taker = options.stopsAt ? stopping(follower, options.stopsAt) : undefined;
  const take = taker ? taker.take : follower.take.bind(follower);
  if (!isSet && !options.isOwn && isHeadCut(samples[0]!) && readers[0]!.advance()) follower.lines++;
  let stopped = false;
  await logs.run(
    {
      take,
      ...(!taker && { takeRows: follower.takeRows.bind(follower) }),
      takeCut: (block, from, to, pid, number) => {
        // `= 3` may have been `= 35`: only an end that cannot be a beginning is taken.
        if (/(?:[>)]| \+\+\+| ---)$/.test(block.slice(from, to))) take(block, from, to, pid, number);
        else follower.lines++;
      },
      settle: () => follower.settle(), isOver: () => (stopped ||= context.signal.aborted || (taker?.isOver() ?? false)),
    },
    pauseOf(sorted.map(({ file }) => file.input), context, options.drain),
  );
  context.progress('');
  // Who waited for input when the signal came was told that it ends here.
  stopped ||= context.signal.aborted;
  if (options.stopsAt && !taker?.isOver() && !context.signal.aborted) refuseOutside(options.stopsAt, { lines: logs.readers[0]!.number, first: follower.clock.start, last: follower.now });
  const broken = logs.readers.flatMap(({ problem, input }) => (problem === undefined ? [] : [{ name: input.name, problem }]));
  const isCut = logs.readers.some((reader) => reader.cut) || broken.length > 0 || stopped;
  analysis.finish(isCut);
  return {
    analysis, recognised: format, bytes: logs.readers.reduce((sum, reader) => sum + reader.bytes, 0), names, stopped, isCut,
    until: stopped && !context.signal.aborted ? options.stopsAt?.text : undefined,
    shortened: logs.readers.reduce((sum, reader) => sum + reader.shortened, 0), broken, missing, isOwn: options.isOwn ?? false,
    gaps: isSet && !stopped ? analysis.gaps.find(new Map(all.map(({ pid }, index) => [pid, samples[index]!]))) : [],
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
