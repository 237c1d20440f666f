/** strace -p: attaches, records until it is told to stop, and lets go. */
import { giveWay } from '../../effects/own-priority.ts';
import { startAttached } from '../../effects/strace-program.ts';
import { openUndoList } from '../../effects/undo-list.ts';
import type { Evidence } from '../../evidence/types.ts';
import { UserError } from '../../kernel/user-error.ts';
import type { Coverage } from '../../report/index.ts';
import { bytes } from '../../report/words.ts';
import { straceOptions } from './calls.ts';
import { keptCoverage, logInput, MOST_LOG, openKept, openLog } from './log.ts';
import type { Recording, RecordingEnd, StopReason } from './recording.ts';
import { readSeed } from './seed.ts';
import { livingThread, tracerOf } from './target.ts';

/** So much longer than asked for the guard waits until it ends what only hangs. */
const GUARD_MS = 5000;
const ATTACH_MS = 5000;
const POLL_MS = 10;
const SIZE_MS = 500;
/** So long strace may take to let go. */
const DETACH_MS = 5000;

export interface AttachRequest {
  pids: readonly number[];
  /** They have other numbers in a pid namespace of their own, and so do their children. */
  isNested: boolean;
  mostMs: number;
  stacks: boolean;
  keep: string | undefined;
}

export const attachArgs = ({ pids, stacks, isNested }: Pick<AttachRequest, 'pids' | 'stacks' | 'isNested'>, log: string): string[] => [...straceOptions({ log, stacks, seccomp: false }), ...(isNested ? ['--pidns-translation'] : []), ...pids.flatMap((pid) => ['-p', String(pid)])];

/** @throws UserError, exit 3: strace is absent, or was refused */
export async function attach(evidence: Evidence, request: AttachRequest): Promise<Recording> {
  const { pids, mostMs, keep } = request;
  // One thread stands for all: strace takes the others too.
  const tids = pids.map((pid) => livingThread(evidence, pid) ?? pid);
  const kept = openKept(keep);
  const log = openLog();
  const undo = await openUndoList(mostMs + ATTACH_MS + GUARD_MS);
  const tracer = await startAttached(attachArgs({ ...request, pids: tids }, log.path), undo).catch((error: NodeJS.ErrnoException) => {
    log.close();
    kept?.close();
    undo.done();
    throw new UserError(error.code === 'ENOENT' ? 'strace is not installed' : `strace could not be started: ${error.message}`, { exitCode: 3, hints: ['apt-get install strace', 'or record by tracefs: --engine tracefs (root)'] });
  });
  let over = false;
  let isLarge = false;
  let why: StopReason = 'ended';
  const ended = tracer.ended.then((): RecordingEnd => {
    over = true;
    undo.done();
    return { why, coverage: [...coverageOf(tracer.said(), isLarge), ...keptCoverage(kept)] };
  });
  const isTraced = (tid: number): boolean => tracerOf(evidence.read(`/proc/${tid}/status`).value ?? '') === tracer.pid;
  for (const deadline = performance.now() + ATTACH_MS; !over && !tids.every(isTraced) && performance.now() < deadline; ) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  if (!tids.some(isTraced)) {
    tracer.kill('SIGINT');
    await ended;
    log.close();
    kept?.close();
    if (pids.every((pid) => livingThread(evidence, pid) === undefined)) throw new UserError(`${pids.length === 1 ? `process ${pids[0]}` : 'the processes'} ended while strace attached`, { exitCode: 3 });
    const said = tracer.said().trim().split('\n')[0]!.replace(/^.*?strace: /, '');
    throw new UserError(`strace could not attach: ${said === '' ? 'it did not say why' : said}`, { exitCode: 3, hints: ['it needs CAP_SYS_PTRACE: run as root, or docker run --cap-add=SYS_PTRACE'] });
  }
  const stop = (reason: StopReason): void => {
    if (over || why !== 'ended') return;
    why = reason;
    tracer.kill('SIGINT');
    // What hangs in a write to a dead file system heeds nothing else; the kernel lets its targets go.
    setTimeout(() => void (over || tracer.kill('SIGKILL')), DETACH_MS).unref();
  };
  tracer.onSaid = (text) => void (writeProblem(text) === undefined || stop('size'));
  const begun = Date.now();
  const seeds = pids.map((pid) => readSeed(evidence, pid));
  const noMoreWay = giveWay();
  void ended.then(noMoreWay);
  // We are far behind, or what was read cannot be given back.
  const sizer = setInterval(() => {
    isLarge ||= log.held() > MOST_LOG;
    if (isLarge) stop('size');
  }, SIZE_MS);
  const input = logInput(log, kept, () => over);
  return {
    engine: 'strace',
    input: {
      ...input,
      close: () => {
        clearInterval(sizer);
        input.close();
      },
    },
    begun,
    seeds,
    stop,
    ended,
  };
}

/** strace goes on when its log cannot be written, and says so. */
function writeProblem(said: string): string | undefined {
  return /: ((?:No space left on device|Input\/output error|Disk quota exceeded|File too large).*)$/m.exec(said)?.[1];
}

function coverageOf(said: string, isLarge: boolean): Coverage[] {
  const problem = writeProblem(said);
  if (problem !== undefined) return [{ source: 'recording', status: 'partial', detail: `its log could not be written: ${problem}`, fix: 'TMPDIR names a folder with room', needed: true }];
  return isLarge ? [{ source: 'recording', status: 'partial', detail: `ended early: its log took more than ${bytes(MOST_LOG)} of the disk`, fix: 'record for a shorter time, or by tracefs (root): --engine tracefs', needed: true }] : [];
}
