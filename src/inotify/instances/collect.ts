/** Which questions are put to the world for `inotify`, in which order, and what was not answered. */
import type { Answer, ByteString, Evidence } from '../../evidence/types.ts';
import { CoverageLog } from '../../kernel/coverage.ts';
import { type LinkTable, readLinkTable } from '../../kernel/fd-links.ts';
import { hidesWatches, inotify } from '../../kernel/kinds/inotify.ts';
import { parseFdInfo } from '../../kernel/proc/fdinfo.ts';
import { readProcess, stillThere } from '../../kernel/process.ts';
import { labelOf } from '../../kernel/snapshot/label.ts';
import { findOwnTables } from '../../kernel/snapshot/own-tables.ts';
import type { Process } from '../../kernel/types.ts';
import { astrayOf } from './astray.ts';
import { expectationOf } from './expect.ts';
import { parseWatches } from './fdinfo.ts';
import { judgeFullness } from './fullness.ts';
import { type HeldLink, heldIn } from './held.ts';
import { libraryOf } from './library.ts';
import type { InotifyLook, Instance, Watch } from './model.ts';
import { noteCoverage, type Notes, notesOf } from './notes.ts';
import { resolveAll, resolveEarly } from './paths.ts';
import { USUAL_LIMIT, watchQueues } from './queue.ts';
import { unresolved } from './second-look.ts';
import { mountsOfProcess } from './seen-mounts.ts';
import { mergeShared, shareWatches } from './shared.ts';

export interface CollectOptions {
  /** Paths whose changes should be seen. */
  expect: readonly ByteString[];
  windowMs?: number;
  rerun: string;
  isRoot: boolean;
  signal: AbortSignal;
  progress?(text: string): void;
}

export async function collectInotify(evidence: Evidence, pids: readonly number[], name: string, options: CollectOptions): Promise<{ look: InotifyLook; coverage: CoverageLog }> {
  const coverage = new CoverageLog();
  const notes = notesOf(options);
  const { processes, threads, tables } = await readTables(evidence, pids, options, notes, coverage);
  const holders = [...processes, ...threads];
  let instances = holders.flatMap((process) => instancesOf(process, tables.get(process)));
  const firsts = mergeShared(evidence, instances);
  // The queues before fdinfo: that takes a lock which holds up the target, and is asked once.
  const maxQueuedEvents = limitOf(evidence);
  const stopped = (process: Process): boolean => process.state === 'T' || process.state === 't';
  const targets = firsts.map(({ process, fd }) => ({ pid: process.pid, fd, stopped: stopped(process) }));
  const starts = new Map<Instance, Watch[]>();
  // A tape goes on to where its queues were looked at: before that it may hold a watch of something else.
  for (const { pid, fd } of targets) evidence.inotify?.queueBytes(pid, fd);
  if (options.windowMs !== undefined) {
    await readWatches(evidence, firsts);
    // The target may end meanwhile.
    resolveEarly(evidence, holders, firsts);
    for (const instance of firsts) if (instance.watches) starts.set(instance, instance.watches);
    options.progress?.(`watching the queues for ${Math.round(options.windowMs / 1000)} s`);
  }
  const queues = await watchQueues(evidence, targets, { ...(options.windowMs !== undefined && { windowMs: options.windowMs }), limit: maxQueuedEvents, signal: options.signal });
  options.progress?.('');
  const [infoErrnos] = await Promise.all([readWatches(evidence, firsts), ...holders.map((process) => readProgram(evidence, process, instances))]);
  const ended = checkPins(evidence, processes, pids, coverage);
  // A descendant that came and went is none to be judged, nor is an instance that its program closed (bun --watch runs itself anew).
  const closed = new Set(firsts.filter((instance) => infoErrnos.get(instance) === 'ENOENT' && !ended.has(instance.process.pid)));
  const isOver = (instance: Instance): boolean => closed.has(instance) || (ended.has(instance.process.pid) && instance.process.pid !== pids[0]);
  for (const instance of firsts) {
    const key = `${instance.process.pid}:${instance.fd}`;
    const queue = queues.byInstance.get(key);
    const infoErrno = infoErrnos.get(instance);
    if (queue) instance.queue = queue;
    else if (!isOver(instance)) notes.queueErrno ??= queues.errnos.get(key) ?? 'EIO';
    if (infoErrno !== undefined && !isOver(instance)) notes.infoErrno = infoErrno;
    noteAdded(instance, starts.get(instance));
  }
  const heldBy = (pid: number): Iterable<HeldLink> => heldIn([...tables].flatMap(([process, table]) => (process.pid === pid ? [table] : [])));
  const living = holders.filter(({ pid }) => !ended.has(pid));
  await resolveAll(evidence, living, firsts, { signal: options.signal, heldBy }, notes);
  for (const instance of firsts) if (evidence.inotify) judgeFullness(instance, maxQueuedEvents ?? USUAL_LIMIT, evidence.inotify);
  shareWatches(firsts, instances);
  if (firsts.some(isOver)) {
    const over = new Set(instances.filter(isOver).map(({ process, fd }) => `${process.pid}:${fd}`));
    instances = instances.filter((instance) => !isOver(instance));
    for (const instance of instances) instance.sharedWith = instance.sharedWith.filter(({ pid, fd }) => !over.has(`${pid}:${fd}`));
  }
  if (closed.size > 0) coverage.note({ source: 'instances', status: 'partial', seen: instances.length, total: instances.length + closed.size, detail: `${closed.size} closed while they were looked at: look again for what came after`, needed: false });
  for (const instance of instances) {
    const library = libraryOf(instance.program, instance.watches ?? []);
    if (library) instance.library = library;
  }
  const astray = options.signal.aborted ? [] : await astrayOf(evidence, living, firsts);
  const look: InotifyLook = {
    type: 'inotify',
    label: labelOf(processes, name, `process ${pids.join(', ')}`),
    instances,
    ...(maxQueuedEvents !== undefined && { maxQueuedEvents }),
    expectations: expectationsOf(evidence, processes, instances, options.expect),
    ...(astray.length > 0 && { astray }),
    complete: notes.unreadTables === 0 && closed.size === 0 && instances.every(({ watches }) => watches !== undefined) && processes[0]?.pid === pids[0],
    ...(options.windowMs !== undefined && { windowMs: options.windowMs }),
    ...((closed.size > 0 || ended.size > 0 || processes.length < pids.length) && { unsettled: true as const }),
  };
  noteCoverage(look, notes, coverage);
  checkPins(evidence, processes.filter(({ pid }) => !ended.has(pid)), pids, coverage);
  return { look, coverage };
}

interface Tables {
  processes: Process[];
  /** Threads with a descriptor table of their own, as if they were processes: by their number /proc shows that table. */
  threads: Process[];
  tables: Map<Process, LinkTable>;
}

async function readTables(evidence: Evidence, pids: readonly number[], options: CollectOptions, notes: Notes, coverage: CoverageLog): Promise<Tables> {
  const found: Tables = { processes: [], threads: [], tables: new Map() };
  for (const pid of pids) {
    if (options.signal.aborted) break;
    const process = readProcess(evidence, pid);
    if (!process) {
      coverage.note({ source: 'processes', status: 'absent', seen: 0, total: 1, detail: `process ${pid} is gone`, needed: pid === pids[0] });
      continue;
    }
    found.processes.push(process);
    if (process.kernelThread || process.state === 'Z') continue;
    const table = await readLinkTable(evidence, pid, options.signal);
    found.tables.set(process, table);
    const refused = table.errno ?? [...table.errors.values()][0];
    if (pid !== pids[0] && (refused === 'ENOENT' || refused === 'ESRCH')) continue;
    notes.table(process, table.listed - table.vanished, table.links.size, refused, coverage);
    if (refused !== undefined) continue;
    const own = findOwnTables(evidence, process, { everything: true, rerun: options.rerun }, coverage, true);
    for (const { tid } of own) {
      const thread = readProcess(evidence, tid);
      if (!thread) continue;
      found.threads.push(thread);
      found.tables.set(thread, await readLinkTable(evidence, tid, options.signal));
    }
  }
  return found;
}

function instancesOf(process: Process, table: LinkTable | undefined): Instance[] {
  const fds = (table?.numbers ?? []).filter((fd) => {
    const link = table!.links.get(fd);
    return link !== undefined && inotify.matches(link);
  });
  return fds.map((fd) => ({ process, fd, maxWd: 0, sharedWith: [], ...(hidesWatches(table!.links.get(fd)!) && { hidesWatches: true as const }) }));
}

/**
 * One batch for all instances: a file of fdinfo locks out the target's own inotify_add_watch while it is made.
 * @returns why some could not be read
 */
async function readWatches(evidence: Evidence, instances: readonly Instance[]): Promise<Map<Instance, string>> {
  const errnos = new Map<Instance, string>();
  if (instances.length === 0) return errnos;
  const answers = await evidence.readSlow(instances.map(({ process, fd }) => `/proc/${process.pid}/fdinfo/${fd}`));
  instances.forEach((instance, index) => {
    const answer: Answer<ByteString> = answers[index]!;
    const info = answer.value === undefined ? null : parseFdInfo(answer.value);
    if (info && instance.hidesWatches) {
      errnos.set(instance, 'ENOSYS');
      return;
    }
    if (!info) {
      errnos.set(instance, answer.errno ?? 'EIO');
      return;
    }
    const { process, fd } = instance;
    instance.watches = parseWatches(info.rest).map((raw) => unresolved(raw, process.pid, fd));
    instance.maxWd = instance.watches.reduce((max, { wd }) => Math.max(max, wd), 0);
  });
  return errnos;
}

function noteAdded(instance: Instance, before: readonly Watch[] | undefined): void {
  if (!before || !instance.watches) return;
  const highest = before.reduce((max, { wd }) => Math.max(max, wd), 0);
  const known = new Set(before.map(({ wd }) => wd));
  // A watch that was added and removed again meanwhile still moved the counter on.
  const fresh = instance.watches.filter(({ wd }) => !known.has(wd));
  instance.added = Math.max(fresh.length, instance.maxWd - highest);
  instance.watchesAtStart = before.length;
  // Numbers of inodes are used again at once; their handles hold a generation as well.
  const things = new Set(fresh.length === 0 ? [] : before.flatMap(identityOf));
  instance.addedAgain = fresh.filter((watch) => identityOf(watch).some((one) => things.has(one))).length;
  instance.addedNew = fresh.length - instance.addedAgain;
}

function identityOf({ major, minor, handle }: Watch): string[] {
  return handle ? [`${major}:${minor} ${handle.type} ${handle.bytes}`] : [];
}

function limitOf(evidence: Evidence): number | undefined {
  const text = evidence.read('/proc/sys/fs/inotify/max_queued_events').value?.trim() ?? '';
  return /^\d+$/.test(text) ? Number(text) : undefined;
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
  const own = Number(/^NSpid:.*\t(\d+)$/m.exec(evidence.read(`/proc/${first.pid}/status`).value ?? '')?.[1] ?? first.pid);
  return paths.map((path) => expectationOf(path, watches, { questions, pid: first.pid, mounts, own }));
}

/** What became of a descendant (all but the first) is no gap in what was asked. */
function checkPins(evidence: Evidence, processes: readonly Process[], pids: readonly number[], coverage: CoverageLog): Set<number> {
  const ended = new Set<number>();
  for (const process of processes) {
    if (process.state === 'Z' || stillThere(evidence, process) === 'same') continue;
    ended.add(process.pid);
    coverage.note({ source: 'processes', status: 'absent', seen: 0, total: 1, detail: `process ${process.pid} ended while it was read`, needed: process.pid === pids[0] });
  }
  return ended;
}
