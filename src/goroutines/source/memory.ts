/** Goroutines straight from the memory of a process: nothing is stopped, asked or changed. */
import type { CommandContext } from '../../command.ts';
import { type Paused, pausedOf, standsStill } from '../../kernel/paused.ts';
import { readProcess, stillThere } from '../../kernel/process.ts';
import type { Process } from '../../kernel/types.ts';
import { decodeText } from '../../kernel/text.ts';
import { UserError } from '../../kernel/user-error.ts';
import { count, shellWord } from '../../report/words.ts';
import type { Coverage } from '../../report/index.ts';
import { channelFacts, condFacts, connectionFacts } from '../memory/facts.ts';
import { openProcessMemory, type OpenProcess, type OtherRuntime, Refused } from '../memory/open.ts';
import { type MemoryDump, readGoroutines } from '../memory/read.ts';
import { Unreadable } from '../memory/unreadable.ts';
import { ageOf, uptimeMs } from '../process-age.ts';
import { noTimes } from './no-times.ts';
import { whyNoMemory } from './rights.ts';
import type { Taken, TakeOptions } from './types.ts';

type Context = Pick<CommandContext, 'evidence' | 'signal'>;

/** Above this part of torn stacks the look is not whole. */
const TOLERATED = 0.01;
/** So long the event loop may stand still. */
const TURN_MS = 100;

/**
 * Throws UserError (exit 3) with the reason in words, when its memory cannot be read or holds no goroutines.
 * @param library of several Go runtimes in one process the file of the one that is meant
 */
export async function openMemory(spec: string, pid: number, context: Context, library?: string): Promise<(options: TakeOptions) => Promise<Taken>> {
  const pinned = pin(pid, context.evidence);
  const opened = await tryOpen(pid, context, library);
  const others = othersOf(pid, opened.others, library !== undefined);
  return async (options) => {
    const taken = await takeMemory(spec, pinned, opened, options, context);
    return { ...taken, coverage: [...taken.coverage, ...others] };
  };
}

interface PinnedProgram {
  pid: number;
  process: Process | null;
  exe: string | undefined;
}

function pin(pid: number, evidence: Context['evidence']): PinnedProgram {
  return { pid, process: readProcess(evidence, pid), exe: evidence.readlink(`/proc/${pid}/exe`).value };
}

function isSame({ pid, process, exe }: PinnedProgram, evidence: Context['evidence']): boolean {
  return process !== null && stillThere(evidence, process) === 'same' && evidence.readlink(`/proc/${pid}/exe`).value === exe;
}

async function tryOpen(pid: number, { evidence }: Context, library: string | undefined): Promise<OpenProcess> {
  if (!evidence.memory) throw new UserError('memory is not on tapes', { exitCode: 3 });
  try {
    return await openProcessMemory(evidence, evidence.memory, pid, library === undefined ? {} : { library });
  } catch (error) {
    throw problem(error, pid, evidence);
  }
}

/** The process is none of Go: neither are its listeners. */
export class NotGo extends UserError {}

const OTHER_WAYS = ['its pprof endpoint, if it has one, can be asked: reloadctl goroutines http://HOST:PORT', 'or a dump: reloadctl goroutines FILE'];

function problem(error: unknown, pid: number, evidence: Context['evidence']): unknown {
  if (error instanceof Unreadable) {
    const options = { exitCode: 3, hints: OTHER_WAYS } as const;
    return error.isGo ? new UserError(`process ${pid} ${error.message}`, options) : new NotGo(`process ${pid} ${error.message}`, options);
  }
  if (!(error instanceof Refused)) return error;
  const { errno, source } = error;
  if (errno === 'ETIMEDOUT') return new UserError(`process ${pid}: its memory map is locked, nobody can read it now (${source})`, { exitCode: 3, hints: [`it may hang in the kernel: cat /proc/${pid}/stack`] });
  if (errno === 'ENOENT' || errno === 'ESRCH') {
    const there = readProcess(evidence, pid);
    const why = there?.kernelThread ? 'is a thread of the kernel' : there?.state === 'Z' ? 'has ended and waits for its parent (zombie)' : 'has ended';
    return new UserError(`process ${pid} ${why}`, { exitCode: 3 });
  }
  if (errno !== 'EACCES' && errno !== 'EPERM') return new UserError(`process ${pid}: its memory cannot be read (${source}: ${errno})`, { exitCode: 3 });
  const { why, fix } = whyNoMemory(evidence, pid);
  return new UserError(`process ${pid}: not permitted to read its memory: ${why}`, { exitCode: 3, hints: [fix, 'or ask its pprof endpoint: reloadctl goroutines http://127.0.0.1:PORT'] });
}

async function takeMemory(spec: string, pinned: PinnedProgram, { program, space, memory, isThere }: OpenProcess, options: TakeOptions, { evidence, signal }: Context): Promise<Taken> {
  const { pid } = pinned;
  const [readsBefore, bytesBefore] = [memory.reads, memory.bytes];
  const until = evidence.now() + options.timeoutMs;
  let turn = evidence.now();
  const stop = async (): Promise<string | undefined> => {
    if (evidence.now() - turn > TURN_MS) {
      await evidence.sleep(0);
      turn = evidence.now();
    }
    if (signal.aborted) return 'interrupted';
    return evidence.now() > until ? `the time for it is over (--timeout ${options.timeoutMs / 1000}s)` : undefined;
  };
  const paused = pausedOf(evidence, pid);
  const nowNs = paused && standsStill(paused) ? 'stands still' : clockOf(pid, evidence);
  const look = await readGoroutines(program, space, { rows: options.rows || options.rowsIfCheap === true, light: options.light, nowNs, stop }).catch((error: unknown) => error as Error);
  const hasChanged = !isThere();
  if (!isSame(pinned, evidence)) throw new UserError(`process ${pid} ended, or became another program, while it was read`, { exitCode: 3 });
  if (hasChanged) throw new UserError(`process ${pid} ran its program anew (exec) while it was read`, { exitCode: 3, hints: [`reloadctl goroutines ${pid}   # once more`] });
  if (look instanceof Error) throw problem(look, pid, evidence);
  const { dump, torn, read, guessed } = look;
  const label = `${decodeText(pinned.process?.comm ?? '').text} (pid ${pid})`;
  return {
    dump, label, pid,
    source: `/proc/${pid}/mem`,
    again: spec,
    target: { spec, label, pids: [pid] },
    atMs: Date.now(),
    coverage: [coverageOf(pid, look, memory.bytes - bytesBefore), ...(paused ? [pauseOf(pid, paused)] : noTimes(pid, look, ageOf(pinned.process?.startTime ?? '', uptimeMs(evidence)))), ...dump.notes.map((detail) => ({ source: `/proc/${pid}/mem (notes)`, status: 'partial' as const, detail, needed: false }))],
    memory: {
      read, torn, stopMs: 0, ...(paused && { paused }), reads: memory.reads - readsBefore, bytes: memory.bytes - bytesBefore, list: guessed ? 'shape' : 'symbol',
      channels: channelFacts(look), conds: condFacts(look), ...(options.sockets && { connections: connectionFacts(evidence, pid, look) }),
    },
  };
}

/** Its CLOCK_MONOTONIC: another time namespace has another one (time_namespaces(7)). */
function clockOf(pid: number, evidence: Context['evidence']): number | 'last seen' {
  const now = evidence.memory!.monotonicNs();
  const [theirs, ours] = [evidence.readlink(`/proc/${pid}/ns/time`).value, evidence.readlink('/proc/self/ns/time').value];
  if (theirs === undefined || theirs === ours) return now;
  const [there, here] = [offsetOf(evidence.read(`/proc/${pid}/timens_offsets`).value), offsetOf(evidence.read('/proc/self/timens_offsets').value)];
  return there === undefined || here === undefined ? 'last seen' : now - here + there;
}

/** ns, of a line `monotonic SECONDS NANOSECONDS`. */
function offsetOf(text: string | undefined): number | undefined {
  const [, seconds, nanoseconds] = /^monotonic\s+(-?\d+)\s+(-?\d+)$/m.exec(text ?? '') ?? [];
  return seconds === undefined ? undefined : Number(seconds) * 1e9 + Number(nanoseconds);
}

const HELD = { stopped: 'is stopped (a signal)', traced: 'is held by a tracer (a debugger)', frozen: 'is frozen by its control group (a paused container)' } as const;

function pauseOf(pid: number, paused: Paused): Coverage {
  const { how, held, threads } = paused;
  const isAll = standsStill(paused);
  const detail = isAll
    ? `the process ${HELD[how]}: nothing in it gets on, and how long its goroutines have waited is not told, since the clock went on while they did not`
    : `a tracer (a debugger) holds ${count(held)} of its ${count(threads)} threads at this moment: what waits may wait for those`;
  return { source: `/proc/${pid}/task/*/stat`, status: 'partial', detail, needed: false };
}

/** Each has goroutines of its own, with ids of their own. */
function othersOf(pid: number, others: readonly OtherRuntime[], isChosen: boolean): Coverage[] {
  return others.map(({ path, version }) => {
    const file = decodeText(path).text;
    const detail = `${file} holds ${version === undefined ? 'a runtime of Go' : `a runtime of Go (${decodeText(version).text})`} with goroutines of its own, which are not among these`;
    return { source: `/proc/${pid}/maps`, status: 'partial', detail, fix: `reloadctl goroutines ${pid} --binary ${shellWord(file)}`, needed: !isChosen };
  });
}

function coverageOf(pid: number, { dump, torn, foreign, read, guessed }: MemoryDump, bytes: number): Coverage {
  const cost = `read-only, 0 ms stop, ${count(torn)} torn of ${count(read + torn)}, ${count(Math.round(bytes / 1024))} KiB read`;
  const outside = foreign > 0 ? `; ${count(foreign)} of the torn stand in code that is not the program's own, as that of plugins is` : '';
  const found = guessed ? '; the list of goroutines was found by its shape (the program is stripped)' : '';
  return {
    source: `/proc/${pid}/mem`,
    status: dump.cut || torn > 0 ? 'partial' : 'ok',
    seen: read,
    ...(torn > 0 && { total: read + torn }),
    detail: dump.cut ? `${dump.cut.detail}; ${cost}` : `${cost}${outside}${found}`,
    needed: dump.cut !== undefined || torn > (read + torn) * TOLERATED,
  };
}
