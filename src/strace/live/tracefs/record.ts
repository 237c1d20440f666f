/** Records by tracefs: drained while it runs, told as lines of strace. */
import { forwardSignals } from '../../../effects/forward.ts';
import { giveWay } from '../../../effects/own-priority.ts';
import { findTracefs, mountTracefs, removeStale, unmountTracefs } from '../../../effects/tracefs.ts';
import { openUndoList, type UndoList } from '../../../effects/undo-list.ts';
import type { KeptLog } from '../../../effects/raw-log.ts';
import { type HandedOn, startWaiting, type Waiting } from '../../../effects/strace-program.ts';
import type { Evidence } from '../../../evidence/types.ts';
import { UserError } from '../../../kernel/user-error.ts';
import type { Coverage } from '../../../report/index.ts';
import { count } from '../../../report/words.ts';
import type { Analysis } from '../../collect/analysis.ts';
import { keptCoverage, openKept } from '../log.ts';
import type { Recording, RecordingEnd, StopReason } from '../recording.ts';
import { openNumbers, readSeed } from '../seed.ts';
import { isStillThere, type TracedProcess } from '../target.ts';
import { Decoder } from './events.ts';
import { type Opened, openSource, type Source } from './source.ts';
import { Stream } from './stream.ts';

const DRAIN_MS = 30;
/** Where more waits than is taken at once. */
const SOON_MS = 2;
/** When so much of the buffer is full, events that will be overwritten are worse than time that is taken from others. */
const TOO_FULL = 0.25;
const GUARD_MS = 5000;
const LOOK_MS = 500;
/** Tables that are looked at when it ends. */
const MOST_PIDS = 1000;

export interface TracefsRequest {
  processes: readonly TracedProcess[];
  command: readonly string[] | undefined;
  handedOn: HandedOn;
  mostMs: number | undefined;
  keep: string | undefined;
  stacks: boolean;
}

/** Also those that are made while they are told: from then on children follow by themselves. */
function followAll(evidence: Evidence, source: Source, pids: readonly number[]): void {
  const known = new Set<number>();
  for (let isNew = true; isNew; ) {
    const tids = pids.flatMap((pid) => evidence.list(`/proc/${pid}/task`).value ?? []).map(Number).filter((tid) => !known.has(tid));
    source.follow(tids);
    for (const tid of tids) known.add(tid);
    isNew = tids.length > 0;
  }
}

/** @throws UserError, exit 3 */
export async function recordByTracefs(evidence: Evidence, request: TracefsRequest): Promise<Recording> {
  const { processes, command, keep, mostMs, stacks } = request;
  const kept = openKept(keep);
  const undo = await openUndoList(mostMs === undefined ? undefined : mostMs + GUARD_MS);
  const mounted = findTracefs().root === undefined ? mountTracefs(undo) : undefined;
  const { root } = findTracefs();
  const backOut = (why: string): never => {
    if (mounted !== undefined) unmountTracefs(mounted);
    undo.done();
    throw new UserError(`tracefs cannot be used: ${why}`, { exitCode: 3, hints: ['record by strace: --engine strace'] });
  };
  if (root === undefined) return backOut('it is not mounted, and may not be');
  removeStale(root);
  let opened: Opened;
  try {
    opened = openSource(root, stacks, undo);
  } catch (error) {
    return backOut((error as Error).message);
  }
  const waiting = command && (await startWaiting(command, undo, request.handedOn));
  const pids = waiting ? [waiting.pid] : processes.map(({ pid }) => pid);
  return run({ evidence, opened, stacks, kept, waiting, pids, processes, undo, mounted });
}

interface Parts {
  evidence: Evidence;
  opened: Opened;
  stacks: boolean;
  kept: KeptLog | undefined;
  waiting: Waiting | undefined;
  pids: number[];
  processes: readonly TracedProcess[];
  undo: UndoList;
  mounted: string | undefined;
}

function run({ evidence, opened, stacks, kept, waiting, pids, processes, undo, mounted }: Parts): Recording {
  const { source, formats } = opened;
  const stream = new Stream(evidence, source, new Decoder(formats), kept);
  followAll(evidence, source, pids);
  const before = pids.map((pid) => openNumbers(evidence, pid));
  const begun = Date.now();
  source.start();
  // The numbers of pipes are those that were free: what is opened while this is read was not there yet.
  const seeds = pids.map((pid, index) => readSeed(evidence, pid, before[index]));
  stream.knows(seeds);
  const atEnd = new Map<number, ReadonlySet<number>>();
  let why: StopReason | undefined;
  let commandExit: number | undefined;
  let finish: (end: RecordingEnd) => void = () => undefined;
  const ended = new Promise<RecordingEnd>((resolve) => (finish = resolve));
  let noMoreWay = giveWay();
  let isInHurry = false;
  let drainer: NodeJS.Timeout;
  const drainLater = (ms: number): void => {
    drainer = setTimeout(() => {
      const hasMore = stream.drain();
      if (!isInHurry && hasMore && source.fullest() > TOO_FULL) {
        noMoreWay();
        isInHurry = true;
      } else if (isInHurry && !hasMore) {
        noMoreWay = giveWay();
        isInHurry = false;
      }
      drainLater(hasMore ? SOON_MS : DRAIN_MS);
    }, ms);
  };
  drainLater(DRAIN_MS);
  const looker = setInterval(() => void (!waiting && !processes.some((process) => isStillThere(evidence, process)) && stop('ended')), LOOK_MS);
  const quiet = waiting && forwardSignals(() => [waiting.pid]);
  const stop = (reason: StopReason): void => {
    if (why !== undefined) return;
    why = reason;
    noMoreWay();
    clearTimeout(drainer);
    clearInterval(looker);
    quiet?.();
    stream.end();
    for (const pid of stream.pids.slice(0, MOST_PIDS)) atEnd.set(pid, openNumbers(evidence, pid));
    const lost = source.lost();
    source.remove();
    if (mounted !== undefined) unmountTracefs(mounted);
    undo.done();
    finish({ why, ...(commandExit !== undefined && { commandExit }), coverage: [...coverageOf(lost, stacks), ...keptCoverage(kept)] });
  };
  void waiting?.ended.then(({ code }) => {
    commandExit = code;
    stop('ended');
  });
  waiting?.go();
  return {
    engine: 'tracefs',
    input: stream.input,
    begun,
    seeds,
    atEnd,
    attach: (analysis: Analysis) => stream.attach(analysis),
    // A command ends when it wants to: signals were passed on.
    stop: (reason) => (waiting ? undefined : stop(reason)),
    ended,
  };
}

function coverageOf(lost: number, stacks: boolean): Coverage[] {
  return [
    ...(lost > 0 ? [{ source: 'trace buffer', status: 'partial' as const, detail: `${count(lost)} events were overwritten before they were read: what looks open may have been closed`, fix: 'record for a shorter time, or by strace: --engine strace', needed: true }] : []),
    { source: 'names and addresses', status: 'unsupported' as const, detail: 'a trace of the kernel has them only of what stays open for a moment; numbers of pipes are those that were free, descriptors in messages (SCM_RIGHTS) show when they are used, or at the end', needed: false },
    ...(stacks ? [{ source: 'stacks', status: 'partial' as const, detail: 'the kernel follows frame pointers, for 8 frames: code without them (most C libraries) ends a stack or leaves its caller out', fix: 'whole stacks: --engine strace', needed: false }] : []),
  ];
}
