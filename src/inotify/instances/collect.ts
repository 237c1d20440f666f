/** Which questions are put to the world for `inotify`, in which order, and what was not answered. */
import type { Answer, ByteString, Evidence } from '../../evidence/types.ts';
import { CoverageLog } from '../../kernel/coverage.ts';
import { readLinkTable } from '../../kernel/fd-table.ts';
import { inotify } from '../../kernel/kinds/inotify.ts';
import { type Mount, parseMounts } from '../../kernel/proc/mountinfo.ts';
import { parseFdInfo } from '../../kernel/proc/fdinfo.ts';
import { readProcess, stillThere } from '../../kernel/process.ts';
import { labelOf } from '../../kernel/snapshot/label.ts';
import type { Process } from '../../kernel/types.ts';
import { expectationOf } from './expect.ts';
import { parseWatches } from './fdinfo.ts';
import { judgeFullness } from './fullness.ts';
import { libraryOf } from './library.ts';
import type { InotifyLook, Instance } from './model.ts';
import { judgeNames, judgeTold } from './names.ts';
import { noteCoverage, type Notes, notesOf } from './notes.ts';
import { USUAL_LIMIT, watchQueues } from './queue.ts';
import { resolveByHandle, type Resolving } from './resolve.ts';
import { dropEnded, lookAgain, unresolved } from './second-look.ts';
import { mergeShared, shareWatches } from './shared.ts';
import { resolveByWalk } from './walk.ts';

export interface CollectOptions {
  /** Paths whose changes should be seen. */
  expect: readonly ByteString[];
  windowMs?: number;
  rerun: string;
  isRoot: boolean;
  signal: AbortSignal;
  /** Are the answers those of this moment? A tape is not walked on. */
  progress?(text: string): void;
}

/** What a walk may cost. */
const WALK = { entries: 200_000, ms: 2000 };
/** Directories that are listed although the target watches for that: together an eighth of the queue, where nothing waits in it. */
const MOST_TOLD = 256;

export async function collectInotify(evidence: Evidence, pids: readonly number[], name: string, options: CollectOptions): Promise<{ look: InotifyLook; coverage: CoverageLog }> {
  const coverage = new CoverageLog();
  const notes = notesOf(options);
  const processes: Process[] = [];
  const instances: Instance[] = [];
  for (const pid of pids) {
    if (options.signal.aborted) break;
    const process = readProcess(evidence, pid);
    if (!process) {
      coverage.note({ source: 'processes', status: 'absent', seen: 0, total: 1, detail: `process ${pid} is gone`, needed: true });
      continue;
    }
    processes.push(process);
    instances.push(...(await instancesOf(evidence, process, options.signal, notes, coverage)));
  }
  const firsts = mergeShared(evidence, instances);
  // The queues before fdinfo: that takes a lock which holds up the target, and is asked once.
  const maxQueuedEvents = limitOf(evidence);
  const stopped = (process: Process): boolean => process.state === 'T' || process.state === 't';
  const targets = firsts.map(({ process, fd }) => ({ pid: process.pid, fd, stopped: stopped(process) }));
  const wds = new Map<Instance, Set<number>>();
  if (options.windowMs !== undefined) {
    await readWatches(evidence, firsts, notes);
    for (const instance of firsts) if (instance.watches) wds.set(instance, new Set(instance.watches.map(({ wd }) => wd)));
    options.progress?.(`watching the queues for ${Math.round(options.windowMs / 1000)} s`);
  }
  const queues = await watchQueues(evidence, targets, { ...(options.windowMs !== undefined && { windowMs: options.windowMs }), limit: maxQueuedEvents, signal: options.signal });
  options.progress?.('');
  await Promise.all([readWatches(evidence, firsts, notes), ...processes.map((process) => readProgram(evidence, process, instances))]);
  for (const instance of firsts) {
    const key = `${instance.process.pid}:${instance.fd}`;
    const queue = queues.byInstance.get(key);
    if (queue) instance.queue = queue;
    else notes.queueErrno ??= queues.errnos.get(key) ?? 'EIO';
    noteAdded(instance, wds.get(instance));
  }
  await resolveAll(evidence, processes, firsts, options, notes);
  for (const instance of firsts) if (evidence.inotify) judgeFullness(instance, maxQueuedEvents ?? USUAL_LIMIT, evidence.inotify);
  shareWatches(firsts, instances);
  for (const instance of instances) {
    const library = libraryOf(instance.program, instance.watches ?? []);
    if (library) instance.library = library;
  }
  const look: InotifyLook = {
    type: 'inotify',
    label: labelOf(processes, name, `process ${pids.join(', ')}`),
    instances,
    ...(maxQueuedEvents !== undefined && { maxQueuedEvents }),
    expectations: expectationsOf(evidence, processes, instances, options.expect),
    complete: notes.unreadTables === 0 && instances.every(({ watches }) => watches !== undefined) && processes.length === pids.length,
    ...(options.windowMs !== undefined && { windowMs: options.windowMs }),
  };
  noteCoverage(look, notes, coverage);
  checkPins(evidence, processes, coverage);
  return { look, coverage };
}

async function instancesOf(evidence: Evidence, process: Process, signal: AbortSignal, notes: Notes, coverage: CoverageLog): Promise<Instance[]> {
  if (process.kernelThread || process.state === 'Z') return [];
  const table = await readLinkTable(evidence, process.pid, signal);
  const refused = table.errno ?? [...table.errors.values()][0];
  notes.table(process, table.numbers.length - table.vanished, table.links.size, refused, coverage);
  const fds = table.numbers.filter((fd) => {
    const link = table.links.get(fd);
    return link !== undefined && inotify.matches(link);
  });
  return fds.map((fd) => ({ process, fd, maxWd: 0, sharedWith: [] }));
}

/** One batch for all instances: a file of fdinfo locks out the target's own inotify_add_watch while it is made. */
async function readWatches(evidence: Evidence, instances: readonly Instance[], notes: Notes): Promise<void> {
  if (instances.length === 0) return;
  const answers = await evidence.readSlow(instances.map(({ process, fd }) => `/proc/${process.pid}/fdinfo/${fd}`));
  instances.forEach((instance, index) => {
    const answer: Answer<ByteString> = answers[index]!;
    const info = answer.value === undefined ? null : parseFdInfo(answer.value);
    if (!info) {
      notes.infoErrno = answer.errno ?? 'EIO';
      return;
    }
    const { process, fd } = instance;
    instance.watches = parseWatches(info.rest).map((raw) => unresolved(raw, process.pid, fd));
    instance.maxWd = instance.watches.reduce((max, { wd }) => Math.max(max, wd), 0);
  });
}

function noteAdded(instance: Instance, before: Set<number> | undefined): void {
  if (!before || !instance.watches) return;
  const highest = Math.max(0, ...before);
  // A watch that was added and removed again meanwhile still moved the counter on.
  const fresh = instance.watches.filter(({ wd }) => !before.has(wd)).length;
  instance.added = Math.max(fresh, instance.maxWd - highest);
  instance.watchesAtStart = before.size;
}

function limitOf(evidence: Evidence): number | undefined {
  const text = evidence.read('/proc/sys/fs/inotify/max_queued_events').value?.trim() ?? '';
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

function mountsOfProcess(evidence: Evidence, pid: number | 'self'): Mount[] {
  return parseMounts(evidence.read(`/proc/${pid}/mountinfo`).value ?? '');
}

async function resolveAll(evidence: Evidence, processes: readonly Process[], instances: readonly Instance[], options: CollectOptions, notes: Notes): Promise<void> {
  const questions = evidence.inotify;
  if (!questions) return;
  for (const { pid, exe } of processes) {
    const watches = instances.filter(({ process }) => process.pid === pid).flatMap((instance) => instance.watches ?? []);
    if (watches.length === 0) continue;
    const mounts = mountsOfProcess(evidence, pid);
    if (mounts.length === 0) notes.noMounts++;
    const ourMounts = mounts.some(({ fsType }) => fsType === 'overlay') ? mountsOfProcess(evidence, 'self') : [];
    const resolving: Resolving = { questions, pid, mounts, ourMounts, layers: new Map() };
    const { errno } = resolveByHandle(watches, resolving);
    if (errno !== undefined) notes.handleErrno = errno;
    const left = watches.filter(({ path }) => path === undefined);
    if (left.length > 0 && !options.signal.aborted) {
      const cwd = evidence.readlink(`/proc/${pid}/cwd`).value;
      const starts = [...(cwd === undefined ? [] : [cwd]), ...(exe === undefined ? [] : [exe.slice(0, exe.lastIndexOf('/')) || '/'])];
      const isCalm = instances.every((instance) => instance.process.pid !== pid || instance.queue?.bytes === 0);
      notes.walks.push(await resolveByWalk(left, { questions, pid, mounts }, starts, evidence, { ...WALK, told: isCalm ? MOST_TOLD : 0, signal: options.signal }));
    }
    await dropEnded(evidence, instances.filter(({ process }) => process.pid === pid));
    const own = instances.filter(({ process }) => process.pid === pid).map((instance) => instance.watches ?? []);
    const alive = own.flat();
    judgeNames(alive, questions, pid);
    // Each instance is read by itself.
    for (const one of own) judgeTold(one);
    await lookAgain(alive, instances, evidence, resolving);
  }
}

async function readProgram(evidence: Evidence, process: Process, instances: readonly Instance[]): Promise<void> {
  const own = instances.filter((instance) => instance.process === process);
  if (own.length === 0 || !evidence.inotify) return;
  const program = (await evidence.inotify.watcherProgram(process.pid)).value;
  if (program) for (const instance of own) instance.program = program;
}

/** A path is the business of any process of the target; they see the same files, or the first one's are meant. */
function expectationsOf(evidence: Evidence, processes: readonly Process[], instances: readonly Instance[], paths: readonly ByteString[]): InotifyLook['expectations'] {
  const [first] = processes;
  const questions = evidence.inotify;
  if (!first || !questions || paths.length === 0) return [];
  const watches = instances.flatMap((instance) => instance.watches ?? []);
  const mounts = mountsOfProcess(evidence, first.pid);
  return paths.map((path) => expectationOf(path, watches, { questions, pid: first.pid, mounts }));
}

function checkPins(evidence: Evidence, processes: readonly Process[], coverage: CoverageLog): void {
  for (const process of processes) {
    if (process.state === 'Z' || stillThere(evidence, process) === 'same') continue;
    coverage.note({ source: 'processes', status: 'absent', seen: 0, total: 1, detail: `process ${process.pid} ended while it was read`, needed: true });
  }
}
