/** Asks the questions that only a suspicion justifies: native calls, environments, a second read. */
import type { Evidence } from '../../evidence/types.ts';
import type { CoverageLog } from '../coverage.ts';
import { errnoWords, statusOf } from '../coverage.ts';
import { announcedFds } from '../announced-fds.ts';
import { type EpollSuspect, epollSuspects, epollTargetKey, unknownTargets } from '../epoll-suspects.ts';
import { fdAt, fdsOf } from '../fd-index.ts';
import { type SharedFd, sharedAcrossExec } from '../inheritance.ts';
import { epoll } from '../kinds/epoll.ts';
import { isKind } from '../kinds/kind.ts';
import type { SocketDetail } from '../kinds/socket.ts';
import { notableSockets } from '../notable-sockets.ts';
import { single } from '../plain-fds.ts';
import { parseFdInfo } from '../proc/fdinfo.ts';
import { parseStatus } from '../proc/status.ts';
import { descriptionKey } from '../same-description.ts';
import { programKey } from '../services.ts';
import type { Fd, FdTable, Snapshot } from '../types.ts';
import { readFdUse } from './fd-use.ts';
import type { SnapshotOptions } from './options.ts';

/** KCMP_EPOLL_TFD walks the registrations under a lock of the target: 199 us each at 15,000 of them. */
const MOST_EPOLL_QUESTIONS = 500;
/** Each probe holds a copy of the socket for some 0.1 ms. */
const MOST_PROBES = 500;

/** Sockets no table lists: closed on both sides, never connected, or something else? */
export function probeUnlisted(evidence: Evidence, snapshot: Snapshot, coverage: CoverageLog): void {
  const unlisted: Fd<SocketDetail>[] = [];
  for (const { fds } of snapshot.tables) for (const fd of notableSockets(fds)) if (!fd.detail.row) unlisted.push(fd);
  if (unlisted.length === 0) return;
  let probed = 0;
  let errno: string | undefined;
  for (const fd of unlisted.slice(0, MOST_PROBES)) {
    const answer = evidence.probeSocket(fd.pid, fd.fd);
    if (answer.value) {
      probed++;
      snapshot.probes.set(`${fd.pid}:${fd.fd}`, answer.value);
      fd.detail.probe = answer.value;
    } else if (answer.errno !== 'EBADF' && answer.errno !== 'ESRCH') {
      errno = answer.errno;
      if (errno === 'ENOTSUP' || errno === 'EPERM') break;
    }
  }
  coverage.note({
    source: 'sockets in no table',
    status: errno === undefined ? (probed < unlisted.length ? 'partial' : 'ok') : statusOf(errno),
    seen: probed,
    total: unlisted.length,
    needed: false,
    ...(errno !== undefined && { detail: errnoWords(errno) }),
  });
}

/** Are the suspicious epoll registrations stale? By kcmp where there is one, else by looking again. */
export async function verifyEpoll(evidence: Evidence, snapshot: Snapshot, coverage: CoverageLog): Promise<void> {
  for (const table of snapshot.tables) if (table.sampled) readUnknownTargets(evidence, table);
  // What is anonymous is suspected without a sign: the others come first when not all can be asked about.
  const all = snapshot.tables.flatMap(epollSuspects).sort((a, b) => Number(a.reason === 'anonymous') - Number(b.reason === 'anonymous'));
  const suspects = all.slice(0, MOST_EPOLL_QUESTIONS);
  if (suspects.length < all.length) {
    const detail = 'each question holds a lock of the target for a moment, so only some were asked';
    coverage.note({ source: 'epoll registrations', status: 'partial', seen: suspects.length, total: all.length, detail, needed: false });
  }
  const again: EpollSuspect[] = [];
  for (const suspect of suspects) {
    const key = epollTargetKey(suspect);
    const answer = evidence.isEpollTarget(suspect.epoll.pid, suspect.target.fd, suspect.epoll.fd, suspect.target.fd);
    if (answer.value !== undefined) snapshot.epollTargets.set(key, answer.value);
    else if (answer.errno === 'EBADF' || suspect.reason !== 'anonymous') again.push(suspect);
  }
  await lookAgain(evidence, snapshot, again);
  await verifySharing(evidence, snapshot, new Set(suspects.map((suspect) => suspect.epoll)));
}

/** A number that epoll knows is a number to know: it may have been closed and given to a file. */
function readUnknownTargets(evidence: Evidence, table: FdTable): void {
  single(table, unknownTargets(table).map(({ fd }) => fd));
  for (const fd of unknownTargets(table)) {
    const info = parseFdInfo(evidence.read(`/proc/${fd.pid}/fdinfo/${fd.fd}`).value ?? '');
    if (info) fd.info = info;
  }
}

/** A forked family may have one epoll instance: its numbers then belong to several tables, and none of them is stale for that. */
async function verifySharing(evidence: Evidence, snapshot: Snapshot, instances: ReadonlySet<Fd>): Promise<void> {
  const unread: Fd[] = [];
  for (const own of instances) {
    const table = snapshot.tables.find(({ process }) => process.pid === own.pid);
    for (const other of [...snapshot.relatives, ...snapshot.tables]) {
      if (!table || other === table || programKey(other.process) !== programKey(table.process)) continue;
      const theirs = fdAt(other.fds, own.fd);
      if (!theirs || !isKind(theirs, epoll)) continue;
      const answer = evidence.sameDescription(own.pid, own.fd, theirs.pid, theirs.fd);
      if (answer.value !== undefined) snapshot.sameDescription.set(descriptionKey(own, theirs), answer.value);
      else if (!theirs.info) unread.push(theirs);
    }
  }
  await readEpolls(evidence, unread);
}

/** Stale when the registration is still there and its number is still not that file. */
async function lookAgain(evidence: Evidence, snapshot: Snapshot, suspects: readonly EpollSuspect[]): Promise<void> {
  const instances = [...new Set(suspects.map((suspect) => suspect.epoll))];
  const answers = await evidence.readSlow(instances.map((fd) => `/proc/${fd.pid}/fdinfo/${fd.fd}`));
  instances.forEach((instance, index) => {
    const info = parseFdInfo(answers[index]?.value ?? '');
    if (!info) return;
    const { targets = [] } = epoll.decode({ link: instance.link, info, socket: () => undefined, isListening: () => false });
    for (const suspect of suspects) {
      if (suspect.epoll !== instance) continue;
      const still = targets.some((target) => target.fd === suspect.target.fd && target.ino === suspect.target.ino);
      const now = evidence.readlink(`/proc/${instance.pid}/fd/${suspect.target.fd}`);
      const unchanged = suspect.now ? now.value === suspect.now.link : now.errno === 'ENOENT';
      snapshot.epollTargets.set(epollTargetKey(suspect), !(still && unchanged));
    }
  });
}

/** For what a relative of another program holds too: is it one open file description, and was it handed over on purpose? */
export async function verifyInheritance(evidence: Evidence, snapshot: Snapshot, options: SnapshotOptions, coverage: CoverageLog): Promise<void> {
  const shared = sharedAcrossExec(snapshot.tables, snapshot.relatives);
  for (const pair of shared) {
    const answer = evidence.sameDescription(pair.own.pid, pair.own.fd, pair.other.pid, pair.other.fd);
    if (answer.value !== undefined) snapshot.sameDescription.set(descriptionKey(pair.own, pair.other), answer.value);
  }
  const receivers = receiversOf(snapshot, shared);
  if (receivers.size === 0) return;
  const pids = [...receivers.keys()];
  // Of who handed it over nobody asks whether it is in use there.
  const holders = new Set(shared.map(({ holder }) => holder.process.pid));
  const upper = new Set(snapshot.tables.map(({ process }) => process.pid).filter((pid) => !holders.has(pid)));
  snapshot.fdUse = await readFdUse(evidence, pids.filter((pid) => !upper.has(pid)), options, coverage);
  const environs = await evidence.readSlow(pids.map((pid) => `/proc/${pid}/environ`));
  pids.forEach((pid, index) => {
    const environ = environs[index]?.value;
    if (environ !== undefined) snapshot.intendedFds.set(pid, announcedFds(environ, pidsOf(evidence, pid), [...receivers.get(pid)!]));
  });
  await readHolderEpolls(evidence, snapshot, new Set(shared.map(({ other }) => other.pid)));
}

/** Who may have been handed what on purpose: the lower one of each pair, and both who hold a listener without being related. */
function receiversOf(snapshot: Snapshot, shared: readonly SharedFd[]): Map<number, Set<number>> {
  const receivers = new Map<number, Set<number>>();
  const add = (pid: number, fd: number): void => void receivers.set(pid, (receivers.get(pid) ?? new Set<number>()).add(fd));
  for (const { own, other, below } of shared) add(below ? other.pid : own.pid, own.fd);
  for (const { fds } of snapshot.tables) {
    for (const fd of notableSockets(fds)) {
      if (fd.detail.row?.state !== 'LISTEN') continue;
      for (const holder of snapshot.foreign.get(fd.link) ?? []) {
        if (holder.fd !== fd.fd) continue;
        add(fd.pid, fd.fd);
        add(holder.process.pid, fd.fd);
      }
    }
  }
  return receivers;
}

/** Its pid, and those it has in nested pid namespaces: there its environment was written. */
function pidsOf(evidence: Evidence, pid: number): number[] {
  return [pid, ...(parseStatus(evidence.read(`/proc/${pid}/status`).value ?? '')?.nsPids ?? [])];
}

/** A relative that polls a shared descriptor uses it: its epoll instances tell. */
async function readHolderEpolls(evidence: Evidence, snapshot: Snapshot, pids: ReadonlySet<number>): Promise<void> {
  const instances = snapshot.relatives.flatMap((table) => (pids.has(table.process.pid) ? fdsOf(table.fds, epoll) : []));
  await readEpolls(evidence, instances);
}

/** Reads and decodes what these epoll instances watch; one that does not answer stays undecoded. */
async function readEpolls(evidence: Evidence, instances: readonly Fd[]): Promise<void> {
  const answers = await evidence.readSlow(instances.map((fd) => `/proc/${fd.pid}/fdinfo/${fd.fd}`));
  instances.forEach((instance, index) => {
    const info = parseFdInfo(answers[index]?.value ?? '');
    if (!info) return;
    instance.info = info;
    instance.detail = epoll.decode({ link: instance.link, info, socket: () => undefined, isListening: () => false });
  });
}
