/** One look at one process: attach, ask, leave, join. */
import { InspectorError } from '../effects/inspector/connection.ts';
import type { Evidence } from '../evidence/types.ts';
import { CoverageLog } from '../kernel/coverage.ts';
import { type LinkTable, readLinkTable } from '../kernel/fd-links.ts';
import { labelOf } from '../kernel/snapshot/label.ts';
import type { Process } from '../kernel/types.ts';
import type { CoverageStatus } from '../report/index.ts';
import { lookAgain, unreadAgain } from './again.ts';
import { attach, type AttachOptions, type Attachment, type NotAttached } from './attach/index.ts';
import { type OpenTable, openTable, readNodeProcess } from './descriptors.ts';
import { join } from './join/index.ts';
import { placeText, siteFrame } from './join/sites.ts';
import { measureLoop } from './loop.ts';
import { type MapFrame, mapperOf } from './maps/index.ts';
import type { Handle, NodeLook, PendingPromise } from './model.ts';
import { countPromises, type HeapCount } from './read/heap.ts';
import { readPlain, readThreads, type ThreadList } from './read/index.ts';
import { longestRun, Realm } from './read/remote.ts';
import { fromTape, toTape } from './taped.ts';
import type { NodeTrends } from './watch/event.ts';
import { type Watched, watchHandles, type WatchOptions } from './watch/index.ts';

export interface LookOptions extends Omit<AttachOptions, 'deadline'> {
  rerun: string;
  isRoot: boolean;
  /** Samples of the running code: how many; 0 unless asked for. */
  busy: number;
  /** Stay and follow the handles for a while. */
  watch?: Pick<WatchOptions, 'windowMs' | 'stacks' | 'deep' | 'promises' | 'mostOverhead'>;
  /** Count promises by a look through the heap; `force`: also where that may end the process. */
  heap?: 'asked' | 'force';
  progress(text: string): void;
}

/** All of it, whatever happens: ms; and what of that is left to go. */
const TOTAL_MS = 10_000;
const LEAVING_MS = 3000;
/** What another try takes at least. */
const AGAIN_MS = 2000;
/** Silence after which a call is given up. */
const SILENCE_MS = 3000;

export type LookResult = { look: NodeLook; trends?: NodeTrends; how: string; coverage: CoverageLog } | Refused;

interface Refused {
  refused: NotAttached;
  /** Nobody could be asked, since its main thread is in a system call: what /proc tells of that. */
  stuck?: NodeLook;
  coverage: CoverageLog;
}

/** Of this host, or what a tape says was seen. */
export async function lookAtNode(evidence: Evidence, pid: number, options: LookOptions): Promise<LookResult> {
  let result: LookResult | undefined;
  const answer = await evidence.inside?.handles(pid, async (live) => toTape((result = await lookUntil(live, pid, options))));
  return result ?? fromTape(answer?.value, readNodeProcess(evidence, pid), pid);
}

/** Several of us may come at once: who finds the door just closed comes again. */
async function lookUntil(evidence: Evidence, pid: number, options: LookOptions): Promise<LookResult> {
  const deadline = performance.now() + TOTAL_MS + (options.watch?.windowMs ?? 0);
  let answer: Promise<boolean> | undefined;
  const mayi = (): Promise<boolean> => (answer ??= options.mayi());
  for (;;) {
    const result = await lookLive(evidence, pid, { ...options, mayi }, deadline);
    const raced = 'refused' in result && result.refused.raced === true;
    const leastMs = LEAVING_MS + AGAIN_MS + (options.watch?.windowMs ?? 0);
    if (!raced || options.signal.aborted || performance.now() > deadline - leastMs) return result;
  }
}

async function lookLive(evidence: Evidence, pid: number, options: LookOptions, deadline: number): Promise<LookResult> {
  const coverage = new CoverageLog();
  const attached = await attach(evidence, pid, { ...options, deadline });
  if ('refusal' in attached) {
    const stuck = stuckLook(readNodeProcess(evidence, pid), attached);
    return { ...refusedLook(attached, coverage), ...(stuck && { stuck }) };
  }
  // Ours is nothing of that.
  let steady = linksOf(attached.before);
  let threads: ThreadList[] | undefined;
  let loop: NodeLook['loop'];
  let watched: Watched | undefined;
  let heap: HeapCount | undefined;
  let unread: NodeLook['unread'];
  let turning = false;
  let silent: string | undefined;
  let raced = false;
  let open: OpenTable | undefined;
  const lookAtTable = async (): Promise<void> => {
    open ??= await openTable(evidence, pid, options, coverage);
  };
  // Whatever it is that takes so long: we go, and the guard closes what we opened.
  let hungUp = false;
  const hangUp = (): void => {
    hungUp = true;
    attached.connection.close();
  };
  // A process that ends waits for whoever debugs it to go.
  attached.connection.on('NodeRuntime.waitingForDisconnect', hangUp);
  const limit = setTimeout(hangUp, Math.max(0, deadline - LEAVING_MS - performance.now()));
  if (!options.watch) options.signal.addEventListener('abort', hangUp);
  try {
    if (await isPlain(attached)) threads = [await readPlain(attached, SILENCE_MS, coverage)];
    else {
      // One after the other: of two answers the second waits for our acknowledgement of the first (Nagle), which takes the kernel 40 ms.
      await attached.connection.call('NodeRuntime.notifyWhenWaitingForDisconnect', { enabled: true }, SILENCE_MS).catch(() => undefined);
      checkIdentity(attached, await attached.connection.call('Runtime.evaluate', { expression: 'globalThis.process?.pid', returnByValue: true, timeout: longestRun(SILENCE_MS) }, SILENCE_MS));
      loop = await measureLoop(attached, { samples: options.busy, timeoutMs: SILENCE_MS, signal: options.signal }, coverage);
      turning = !loop?.blocked;
      if (options.watch && !loop?.blocked) {
        watched = await watchHandles(evidence, attached, { ...options, ...options.watch, timeoutMs: SILENCE_MS }, coverage);
        threads = watched.threads;
      } else threads = await readThreads(attached, SILENCE_MS, coverage, { fds: streamsOf(steady), meanwhile: lookAtTable });
      unread = watched ? watched.unread : await unreadAgain(attached, threads[0]!, pid, options.signal);
      if (options.heap) heap = await lookThroughHeap(attached, threads[0]!.list.version, options.heap, coverage);
    }
  } catch (error) {
    if (!(error instanceof InspectorError)) throw error;
    silent = error.message;
    raced = !hungUp && !attached.connection.isOpen && attached.how !== 'preload';
  } finally {
    clearTimeout(limit);
    options.signal.removeEventListener('abort', hangUp);
    if (threads && silent === undefined) await lookAtTable();
    await attached.leave({ turning: turning && silent === undefined, seen: open });
  }
  const left = await attached.leave();
  const table = await (open ?? (await openTable(evidence, pid, options, coverage)))?.finish();
  // What was opened while we watched counts, too; what we had opened is gone.
  if (watched) steady = linksOf(await readLinkTable(evidence, pid, options.signal));
  if (!threads || !table) {
    const why = table ? `process ${pid} did not answer: ${silent ?? 'no reason given'}` : `process ${pid} ended while it was asked`;
    return refusedLook({ refusal: { code: table ? 'silent' : 'gone', why }, facts: attached.facts, left, ...(raced && table && left.portClosed !== false && { raced }) }, coverage);
  }
  const { list } = threads[0]!;
  const written = writtenPlaces(evidence, threads, table.process);
  const { handles, orphans } = join(pid, threads, table.fds, list.runtime === 'node' ? steady : undefined, written);
  coverage.note({ source: 'handles', status: 'ok', seen: handles.length, total: handles.length, needed: !list.named });
  if (list.preloaded) noteLines(handles, coverage);
  const again = await lookAgain(evidence, pid, handles, orphans, options.signal);
  const look: NodeLook = {
    type: 'node',
    label: labelOf([table.process], '', `process ${pid}`),
    process: table.process,
    runtime: { name: list.runtime, version: list.version, major: majorOf(list.version) },
    sites: list.preloaded || options.watch?.stacks === true,
    handles,
    orphans,
    ...(loop && { loop: { ...loop, stacks: loop.stacks.map(({ frames, count }) => ({ frames: frames.map(written), count })) } }),
    left,
    ...(again && { again }),
    ...(unread && { unread }),
    ...(heap && { heap }),
    ...(watched?.promises && { promises: watched.promises.map((group) => writtenPromise(group, written)) }),
  };
  return { look, ...(watched?.trends && { trends: watched.trends }), how: attached.how, coverage };
}

/** The preload is asked for lines: where it has none, that is said. */
function noteLines(handles: readonly Handle[], coverage: CoverageLog): void {
  const made = handles.filter(({ ref, stdio, shared, thread }) => ref !== false && !stdio && shared !== 'primary' && thread === 0);
  const known = made.filter(({ site }) => site !== undefined);
  if (known.length === made.length) return;
  coverage.note({ source: 'lines', status: 'partial', seen: known.length, total: made.length, detail: 'the runtime, native code, or what ran before the preload made the others', needed: false });
}

/** By number: what was open before anything was done. */
function linksOf({ links }: LinkTable): ReadonlyMap<number, string> {
  return new Map(Array.from({ length: links.size }, (_, index) => [links.numbers[index]!, links.textAt(index)]));
}

/** Sockets, and pipes that lead elsewhere: libuv has some for itself, both ends of them. */
function streamsOf(before: ReadonlyMap<number, string>): number[] {
  const links = [...before.values()];
  const twice = new Set(links.filter((link, index) => link.startsWith('pipe:') && links.indexOf(link) !== index));
  return [...before].flatMap(([fd, link]) => (/^(?:socket|pipe):/.test(link) && !twice.has(link) ? fd : []));
}

/** Files of the target are ours to read where both have the same mounts: a path leads to the same file then. */
function writtenPlaces(evidence: Evidence, threads: readonly ThreadList[], { pid, uid }: Process): MapFrame {
  const theirs = evidence.readlink(`/proc/${pid}/ns/mnt`).value;
  return mapperOf(new Map(threads.flatMap(({ maps }) => [...(maps ?? [])])), uid, theirs !== undefined && theirs === evidence.readlink('/proc/self/ns/mnt').value);
}

/** From here on a garbage collection throws for a FileHandle that was lost (nodejs/node#58536). */
const DEADLY_FROM = 25;

async function lookThroughHeap({ connection }: Attachment, version: string, heap: 'asked' | 'force', coverage: CoverageLog): Promise<HeapCount | undefined> {
  if (majorOf(version) >= DEADLY_FROM && heap !== 'force') {
    coverage.note({
      source: 'heap', status: 'unsupported', needed: true,
      detail: `Node ${version} ends at a garbage collection that finds a lost FileHandle, and a look through the heap is one`,
      fix: '--heap --force, if that may happen',
    });
    return undefined;
  }
  return await countPromises(new Realm(connection, SILENCE_MS));
}

function majorOf(version: string): number {
  return Number(/^v?(\d+)/.exec(version)?.[1] ?? 0);
}

function writtenPromise(group: PendingPromise, written: MapFrame): PendingPromise {
  const stack = group.stack.map(written);
  const top = siteFrame(stack);
  return { ...group, stack, site: top ? placeText(top) : group.site };
}

/** A preload under the permission model has no inspector: it lists what it knows by itself. */
async function isPlain({ how, connection }: Attachment): Promise<boolean> {
  if (how !== 'preload') return false;
  try {
    await connection.call('Runtime.evaluate', { expression: '0' }, SILENCE_MS);
    return false;
  } catch (error) {
    if (error instanceof InspectorError && error.kind === 'refused') return true;
    throw error;
  }
}

/** In another pid namespace the process has another number for itself; any other answer is not from the process we meant. */
function checkIdentity({ facts, how }: Attachment, answer: Record<string, unknown>): void {
  const pid = (answer.result as { value?: unknown } | undefined)?.value;
  if (how === 'preload' || pid === facts.ownPid || pid === facts.pid) return;
  if (typeof pid !== 'number') throw new InspectorError('refused', 'it does not say which process it is: it waits for its debugger, or has no `process` any more');
  throw new InspectorError('refused', `the inspector belongs to process ${String(pid)}, not to ${facts.pid}`);
}

/** A main thread that a system call holds answers nobody, and that is an answer. */
export function stuckLook(process: Process | undefined, { stuck }: Pick<NotAttached, 'stuck'>): NodeLook | undefined {
  if (!process || !stuck) return undefined;
  const { forMs, ...call } = stuck;
  return {
    type: 'node', label: labelOf([process], '', `process ${process.pid}`), process, runtime: { name: 'node', version: '', major: 0 }, sites: false, handles: [], orphans: [],
    loop: { delayMs: forMs, blocked: true, call, samples: 0, stacks: [] },
  };
}

/** What refusals mean for the coverage, where it is not that there is no such way. */
const STATUSES: Record<string, CoverageStatus> = { 'other-user': 'denied', gone: 'absent', silent: 'timeout', blocked: 'timeout' };

function refusedLook(refused: NotAttached, coverage: CoverageLog): Refused {
  const { code, why, fix } = refused.refusal;
  coverage.note({ source: 'inspector', status: STATUSES[code] ?? 'unsupported', detail: why, ...(fix !== undefined && { fix }), needed: true });
  return { refused, coverage };
}
