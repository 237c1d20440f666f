/** Paths of all watches of some processes, and what became of what is watched. */
import type { ByteString, Evidence, InotifyQuestions } from '../../evidence/types.ts';
import type { Process } from '../../kernel/types.ts';
import { resolveOnFuse } from './fuse-paths.ts';
import { type HeldLink, resolveHeld } from './held.ts';
import type { Instance, Watch } from './model.ts';
import { judgeNames, judgeTold } from './names.ts';
import type { Notes } from './notes.ts';
import { resolveInProc } from './proc-paths.ts';
import { resolveByHandle, type Resolving } from './resolve.ts';
import { dropEnded, lookAgain, SECOND_LOOK_MS } from './second-look.ts';
import { mountsOfProcess, readMounts } from './seen-mounts.ts';
import { startsOf } from './starts.ts';
import { type Bounds, resolveByWalk, type Starts, type Walked } from './walk.ts';

/** What a walk may cost. */
const WALK = { entries: 200_000, ms: 2000 };
/** One that took longer is not done twice. */
const SHORT_WALK_MS = 1000;
/** Directories that are listed although the target watches for that: together an eighth of the queue, where nothing waits in it. */
const MOST_TOLD = 256;
/** How long a target may take to read what it was told: 200 ms. */
const CALM_STEPS = 20;
const CALM_STEP_MS = 10;

export interface PathsOptions {
  signal: AbortSignal;
  /** What the descriptors of a process point at. */
  heldBy(pid: number): Iterable<HeldLink>;
}

/** What can be learned at once: of a target that may end while it is watched. */
export function resolveEarly(evidence: Evidence, processes: readonly Process[], instances: readonly Instance[]): void {
  for (const { pid } of processes) {
    const watches = watchesOf(pid, instances);
    const resolving = watches.length > 0 ? resolvingOf(evidence, pid) : undefined;
    if (resolving) resolveByHandle(watches, resolving);
  }
}

export async function resolveAll(evidence: Evidence, processes: readonly Process[], instances: readonly Instance[], options: PathsOptions, notes: Notes): Promise<void> {
  for (const process of processes) {
    const { pid } = process;
    const watches = watchesOf(pid, instances);
    const resolving = watches.length > 0 ? resolvingOf(evidence, pid) : undefined;
    if (!resolving) continue;
    if (resolving.mounts.length === 0) notes.noMounts++;
    const { errno } = resolveByHandle(watches, resolving);
    if (errno !== undefined) notes.handleErrno = errno;
    resolveInProc(watches, resolving);
    await resolveHeld(evidence, watches, pid, options.heldBy(pid));
    const own = instances.filter((instance) => instance.process.pid === pid);
    await resolveOnFuse(evidence, own, instances, resolving, options.signal, notes);
    await search(evidence, process, own, resolving, options, notes);
    const alive = own.map((instance) => instance.watches ?? []);
    judgeNames(alive.flat(), resolving.questions, pid);
    // Each instance is read by itself.
    for (const one of alive) judgeTold(one);
    await lookAgain(alive.flat(), instances, evidence, resolving);
  }
}

function* linksOf(held: Iterable<HeldLink>): Generator<ByteString> {
  for (const { link } of held) yield link;
}

function watchesOf(pid: number, instances: readonly Instance[]): Watch[] {
  return instances.filter(({ process }) => process.pid === pid).flatMap((instance) => instance.watches ?? []);
}

/** Undefined where nothing can be asked. */
export function resolvingOf(evidence: Evidence, pid: number): Resolving | undefined {
  const questions = evidence.inotify;
  if (!questions) return undefined;
  const mounts = mountsOfProcess(evidence, pid);
  const ourMounts = mounts.some(({ fsType }) => fsType === 'overlay') ? readMounts(evidence, 'self') : [];
  return { questions, pid, mounts, ourMounts, layers: new Map() };
}

/** Walks for what no handle led to. What a walk of everything met nowhere, twice, has no name. */
async function search(evidence: Evidence, process: Process, own: readonly Instance[], resolving: Resolving, { signal, heldBy }: PathsOptions, notes: Notes): Promise<void> {
  const unnamed = (): Watch[] => own.flatMap(({ watches = [] }) => watches.filter(({ path }) => path === undefined));
  if (unnamed().length === 0 || signal.aborted) return;
  const isCalm = own.every(({ queue }) => queue?.bytes === 0);
  const bounds: Bounds = { ...WALK, signal, told: isCalm ? MOST_TOLD : 0, calm: () => waitForCalm(evidence, resolving.questions, own) };
  const starts = await startsOf(evidence, process, linksOf(heldBy(process.pid)), resolving);
  const first = await walk(evidence, unnamed(), starts, bounds, resolving, notes);
  await dropEnded(evidence, own);
  if (!isWhole(first) || first.ms > SHORT_WALK_MS || unnamed().length === 0) return;
  await evidence.sleep(SECOND_LOOK_MS);
  await dropEnded(evidence, own);
  const left = unnamed().filter((watch) => isSearchable(watch, resolving));
  if (left.length === 0) return;
  const second = await walk(evidence, left, starts, bounds, resolving, notes);
  await dropEnded(evidence, own);
  if (isWhole(second)) for (const watch of left) if (watch.path === undefined) watch.state = 'nameless';
}

async function walk(evidence: Evidence, watches: readonly Watch[], starts: Starts, bounds: Bounds, resolving: Resolving, notes: Notes): Promise<Walked & { ms: number }> {
  const began = evidence.now();
  const walked = await resolveByWalk(watches, resolving, starts, evidence, bounds);
  notes.walks.push(walked);
  return { ...walked, ms: evidence.now() - began };
}

function isWhole({ cut, avoided, unread, entries }: Walked): boolean {
  return !cut && avoided === 0 && unread === 0 && entries > 0;
}

/** All of its file system is mounted where the process is, and things there can be told apart. */
function isSearchable({ major, minor, fsType }: Watch, { questions, pid, mounts }: Resolving): boolean {
  const whole = mounts.find((mount) => mount.major === major && mount.minor === minor && mount.root === '/');
  return whole !== undefined && fsType !== 'btrfs' && (fsType !== 'overlay' || questions.handleInRoot(pid, whole.mountPoint).value !== undefined);
}

async function waitForCalm(evidence: Evidence, questions: InotifyQuestions, own: readonly Instance[]): Promise<boolean> {
  // Counted, not timed: on a tape no time passes.
  for (let step = 0; step < CALM_STEPS; step++) {
    if (own.every(({ process, fd }) => questions.queueBytes(process.pid, fd).value === 0)) return true;
    await evidence.sleep(CALM_STEP_MS);
  }
  return false;
}
