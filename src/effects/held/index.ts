/**
 * Runs a command of the user's own, and holds it and all it starts at the entry of exit_group: everything a process had is there to be
 * read then. strace does the holding. It tells of each exit by one write into a pipe; with that write the kernel stops strace itself
 * (stopWriter), so that nothing it traces goes on until it does. Where the kernel was not told to, strace waits for a moment at each
 * exit, in which it is stopped by us.
 */
import { startWaiting } from '../strace-program.ts';
import { openUndoList } from '../undo-list.ts';
import { childrenOf, forwardSignals } from '../forward.ts';
import { ExitLines, type ExitNews } from './lines.ts';
import { watchOwnCommand } from '../own-command.ts';
import { openOwnPipe } from './pipe.ts';
import { processOf, signalAll, startTimeOf, stateOf, tracedBy } from '../procs.ts';

export interface HeldRequest {
  command: readonly string[];
  /** strace --seccomp-bpf: only exits stop the command. */
  seccomp: boolean;
  toStderr: boolean;
  /** Descriptors above 2 that are the command's, under their own numbers. */
  inherited: readonly number[];
  /** Beside our own. */
  env: Record<string, string>;
  /** Lets the kernel stop the writer of a pipe; false where that cannot be had. */
  stopWriter(fd: number, pid: number): boolean;
  /** A process is held at its exit. Awaited. `isMain`: it is the command itself. Comes back with true who wants to look at it again. */
  onExit(pid: number, code: number, isMain: boolean): Promise<boolean>;
  /**
   * The second look, so long after the first, ms: exits take three times that, so that the other threads of a process go on before it ends. While we read, they do not:
   * whoever makes a thread waits for strace, which is stopped then.
   */
  again?: { afterMs: number; look(pid: number, isThere: boolean): Promise<void> };
  /** The command has ended and others have not, after `graceMs`: they are ended once this has come back. */
  onLeft(pids: readonly number[]): Promise<void>;
  /** It did not end in time: everything is ended once this has come back. */
  onTimeout(pids: readonly number[]): Promise<void>;
  graceMs: number;
  timeoutMs: number | undefined;
}

export interface HeldRun {
  /** As a shell tells it: 128 and more after a signal. */
  code: number;
  /** The signal that ended the command, which was nowhere to be held then. */
  signal: NodeJS.Signals | null;
  /** Somebody killed strace, and we the command. */
  tracerKilled: boolean;
  /** Ended by us after --timeout. */
  timedOut: boolean;
  /** Held, and read. */
  held: number;
  /** Said that they would end, and were gone before they could be read. */
  missed: number[];
  /** Processes, but not the command itself, that were ended by a signal of others. */
  killed: { pid: number; signal: string }[];
}

/** What strace waits at each exit where the kernel does not stop it, and where it does. */
const WAIT = '50ms';
const NO_WAIT = '1us';
/** Whose deliveries are worth a line: without, strace does not say who was killed by them. Others come all the time in healthy programs. */
const LETHAL = '!SIGCHLD,SIGURG,SIGWINCH,SIGCONT,SIGPROF,SIGVTALRM,SIGALRM,SIGIO,SIGTSTP,SIGTTIN,SIGTTOU,SIGSTOP,SIGRTMIN,SIGRT_1';
/** How long those who are told to end may take, ms. */
const END_MS = 2000;

/** Rejects when strace cannot be started: ENOENT. */
export async function runHeld(request: HeldRequest): Promise<HeldRun> {
  const pipe = openOwnPipe();
  const undo = await openUndoList();
  try {
    const result = await run(request, pipe, undo);
    undo.done();
    return result;
  } catch (error) {
    await undo.takeBack();
    throw error;
  } finally {
    pipe.close();
  }
}

async function run(request: HeldRequest, pipe: ReturnType<typeof openOwnPipe>, undo: Awaited<ReturnType<typeof openUndoList>>): Promise<HeldRun> {
  // Its pid is known before it is strace: whoever is to be stopped must be named before the first write.
  const start = (wait: string) => startWaiting(straceArgs(request, pipe.path, wait), undo, request, 'end-traced', { ...process.env, ...request.env });
  const canStop = request.stopWriter(pipe.fd, 0);
  const { again } = request;
  const tracer = await start(again ? `${3 * again.afterMs}ms` : canStop ? NO_WAIT : WAIT);
  if (canStop) request.stopWriter(pipe.fd, tracer.pid);
  tracer.go();
  const quiet = forwardSignals(() => childrenOf(tracer.pid));
  const lines = new ExitLines();
  const result: HeldRun = { code: 0, signal: null, tracerKilled: false, timedOut: false, held: 0, missed: [], killed: [] };
  /** Start times by pid: in a long run numbers come again. */
  const seen = new Map<number, string | undefined>();
  // Who it is must be known when it is killed without a word.
  const own = watchOwnCommand(tracer.pid);
  let main: { pid: number; code?: number } | undefined;
  let isOver = false;
  let working: Promise<void> = Promise.resolve();
  let grace: NodeJS.Timeout | undefined;

  const mainPid = (): number | undefined => main?.pid ?? own.pid();
  const endedByUs = new Set<number>();
  const ends = async (pids: readonly number[]): Promise<void> => {
    for (const pid of pids) endedByUs.add(pid);
    signalAll(pids, 'SIGTERM');
    const until = performance.now() + END_MS;
    while (!isOver && performance.now() < until) await pause(20);
    const last = isOver ? [] : tracedBy(tracer.pid);
    for (const pid of last) endedByUs.add(pid);
    signalAll(last, 'SIGKILL');
  };
  const noteMain = (code: number): void => {
    if (main?.code !== undefined) return;
    main = { pid: mainPid()!, code };
    // Told after all have ended: nobody is left who would be given time.
    if (isOver) return;
    grace ??= setTimeout(() => {
      const left = tracedBy(tracer.pid);
      if (!isOver && left.length > 0) void request.onLeft(left).then(() => ends(left));
    }, request.graceMs);
  };
  const handle = async (news: ExitNews): Promise<void> => {
    if (news.what === 'exiting') {
      const found = processOf(news.tid);
      const startTime = found && startTimeOf(found.pid);
      if (found && seen.has(found.pid) && seen.get(found.pid) === startTime) return;
      const isMain = found?.ppid === tracer.pid;
      if (isMain) main = { pid: found.pid };
      if (!found || isGone(news.tid)) {
        result.missed.push(news.tid);
        return;
      }
      seen.set(found.pid, startTime);
      // Where the first thread has ended, /proc/PID/fd shows nothing: the others have the table.
      const wantsMore = await request.onExit(isGone(found.pid) ? news.tid : found.pid, news.code, isMain);
      result.held++;
      if (wantsMore && again) due.set(found.pid, setTimeout(lookAgain, again.afterMs, found.pid));
      return;
    }
    if (news.tid === mainPid()) noteMain(news.what === 'exited' ? news.code : 128);
    if (news.what === 'killed' && !seen.has(news.tid) && !endedByUs.has(news.tid)) result.killed.push({ pid: news.tid, signal: news.signal });
  };
  const onText = async (first: string): Promise<void> => {
    if (!canStop) signalAll([tracer.pid], 'SIGSTOP');
    await stopped(tracer.pid);
    try {
      for (let text = first; text !== ''; text = pipe.drain()) for (const news of lines.take(text)) await handle(news);
    } finally {
      // Whatever became of the reading: nobody stays held.
      signalAll([tracer.pid], 'SIGCONT');
    }
  };
  let failure: { error: unknown } | undefined;
  const inTurn = (work: () => Promise<void>): void => {
    working = working.then(work).catch((error: unknown) => void (failure ??= { error }));
  };
  const due = new Map<number, NodeJS.Timeout>();
  const lookAgain = (pid: number): void => inTurn(async () => {
    due.delete(pid);
    if (isOver || isGone(pid)) return again!.look(pid, false);
    signalAll([tracer.pid], 'SIGSTOP');
    await stopped(tracer.pid);
    try {
      await again!.look(pid, !isGone(pid));
    } finally {
      signalAll([tracer.pid], 'SIGCONT');
    }
  });
  pipe.onText((text) => inTurn(() => onText(text)));
  const timer = request.timeoutMs === undefined ? undefined : setTimeout(() => {
    result.timedOut = true;
    const pids = tracedBy(tracer.pid);
    void request.onTimeout(pids).then(() => ends(pids));
  }, request.timeoutMs);
  const { code, signal } = await tracer.ended;
  isOver = true;
  for (const one of [timer, grace]) clearTimeout(one);
  quiet();
  await own.endOrphan();
  await working;
  for (const [pid, timeout] of due) {
    clearTimeout(timeout);
    await again!.look(pid, false);
  }
  for (const news of lines.take(pipe.drain())) await handle(news);
  if (failure) throw failure.error;
  result.code = code;
  result.signal = signal;
  // strace ends by the signal that ended the command, of which it told before.
  result.tracerKilled = signal !== null && !result.timedOut && main?.code === undefined && !result.killed.some((one) => one.signal === signal);
  if (signal !== null) result.killed = result.killed.filter(({ pid }) => pid !== mainPid());
  return result;
}

function straceArgs({ seccomp, command }: HeldRequest, log: string, wait: string): string[] {
  return ['strace', '-f', '-q', ...(seccomp ? ['--seccomp-bpf'] : []), '-e', 'trace=exit_group', '-e', `signal=${LETHAL}`, '-e', `inject=exit_group:delay_enter=${wait}`, '-o', log, '--', ...command];
}

function isGone(pid: number): boolean {
  const state = stateOf(pid);
  return state === undefined || state === 'Z' || state === 'X';
}

/** The signal is on its way when what was written can be read. */
async function stopped(pid: number): Promise<void> {
  const until = performance.now() + 1000;
  for (let state = stateOf(pid); state !== undefined && state !== 'T' && state !== 'Z' && performance.now() < until; state = stateOf(pid)) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
