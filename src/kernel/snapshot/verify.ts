/** Asks the questions that only a suspicion justifies: native calls, environments, a second read. */
import type { Evidence } from '../../evidence/types.ts';
import type { CoverageLog } from '../coverage.ts';
import { errnoWords, statusOf } from '../coverage.ts';
import { type EpollSuspect, epollSuspects, epollTargetKey } from '../epoll-suspects.ts';
import { sharedAcrossExec, sharedKey } from '../inheritance.ts';
import { epoll } from '../kinds/epoll.ts';
import { isKind } from '../kinds/kind.ts';
import { socket } from '../kinds/socket.ts';
import { parseEnviron } from '../proc/environ.ts';
import { parseFdInfo } from '../proc/fdinfo.ts';
import type { Fd, Snapshot } from '../types.ts';

/** KCMP_EPOLL_TFD walks the registrations under a lock of the target: 199 us each at 15,000 of them. */
const MOST_EPOLL_QUESTIONS = 500;
/** Each probe holds a copy of the socket for some 0.1 ms. */
const MOST_PROBES = 500;

/** Sockets no table lists: closed on both sides, never connected, or something else? */
export function probeUnlisted(evidence: Evidence, snapshot: Snapshot, coverage: CoverageLog): void {
  const unlisted = snapshot.tables.flatMap((table) => table.fds.filter((fd): fd is Fd<{ inode: string; inbound: boolean }> => isKind(fd, socket) && !fd.detail.row));
  if (unlisted.length === 0) return;
  let probed = 0;
  let errno: string | undefined;
  for (const fd of unlisted.slice(0, MOST_PROBES)) {
    const answer = evidence.probeSocket(fd.pid, fd.fd);
    if (answer.value) {
      probed++;
      snapshot.probes.set(`${fd.pid}:${fd.fd}`, answer.value);
      if (isKind(fd, socket)) fd.detail.probe = answer.value;
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
export async function verifyEpoll(evidence: Evidence, snapshot: Snapshot): Promise<void> {
  const suspects = snapshot.tables.flatMap(epollSuspects).slice(0, MOST_EPOLL_QUESTIONS);
  const again: EpollSuspect[] = [];
  for (const suspect of suspects) {
    const key = epollTargetKey(suspect);
    const answer = evidence.isEpollTarget(suspect.epoll.pid, suspect.target.fd, suspect.epoll.fd, suspect.target.fd);
    if (answer.value !== undefined) snapshot.epollTargets.set(key, answer.value);
    else if (answer.errno === 'EBADF' || suspect.reason !== 'anonymous') again.push(suspect);
  }
  await lookAgain(evidence, snapshot, again);
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
      const path = `/proc/${instance.pid}/fd/${suspect.target.fd}`;
      const unchanged = evidence.readlink(path).value === suspect.now?.link;
      snapshot.epollTargets.set(epollTargetKey(suspect), !(still && unchanged));
    }
  });
}

/** For what a relative of another program holds too: is it one open file description, and was it handed over on purpose? */
export async function verifyInheritance(evidence: Evidence, snapshot: Snapshot): Promise<void> {
  const shared = sharedAcrossExec(snapshot.tables, snapshot.relatives);
  if (shared.length === 0) return;
  for (const pair of shared) {
    const answer = evidence.sameDescription(pair.own.pid, pair.own.fd, pair.other.pid, pair.other.fd);
    if (answer.value !== undefined) snapshot.sameDescription.set(sharedKey(pair), answer.value);
  }
  const receivers = new Map<number, number[]>();
  for (const { own, other, below } of shared) {
    const pid = below ? other.pid : own.pid;
    receivers.set(pid, [...(receivers.get(pid) ?? []), other.fd]);
  }
  const pids = [...receivers.keys()];
  const environs = await evidence.readSlow(pids.map((pid) => `/proc/${pid}/environ`));
  pids.forEach((pid, index) => {
    const environ = environs[index]?.value;
    if (environ !== undefined) snapshot.intendedFds.set(pid, announcedFds(environ, pid, receivers.get(pid)!));
  });
  await readHolderEpolls(evidence, snapshot, new Set(shared.map(({ other }) => other.pid)));
}

/** A relative that polls a shared descriptor uses it: its epoll instances tell. */
async function readHolderEpolls(evidence: Evidence, snapshot: Snapshot, pids: ReadonlySet<number>): Promise<void> {
  const instances = snapshot.relatives.flatMap((table) => (pids.has(table.process.pid) ? table.fds.filter((fd) => isKind(fd, epoll)) : []));
  const answers = await evidence.readSlow(instances.map((fd) => `/proc/${fd.pid}/fdinfo/${fd.fd}`));
  instances.forEach((instance, index) => {
    const info = parseFdInfo(answers[index]?.value ?? '');
    if (!info) return;
    instance.info = info;
    instance.detail = epoll.decode({ link: instance.link, info, socket: () => undefined, isListening: () => false });
  });
}

const passing = /FD|SOCK|LISTEN|NGINX|INHERIT|CHANNEL|HANDOVER|UPGRADE/i;

/**
 * Which of `fds` the environment names. LISTEN_FDS=N announces 3 to 3+N-1 to the process of LISTEN_PID (sd_listen_fds(3));
 * others (NGINX=6;7, EINHORN_FD_0=4, GUNICORN_FD=5, UNICORN_FD, NODE_CHANNEL_FD) write the numbers out.
 */
export function announcedFds(environ: string, pid: number, fds: readonly number[]): number[] {
  const variables = parseEnviron(environ);
  const count = Number(variables.get('LISTEN_FDS') ?? 0);
  const forMe = variables.get('LISTEN_PID') === String(pid);
  return fds.filter((fd) => {
    if (forMe && fd >= 3 && fd < 3 + count) return true;
    for (const [name, value] of variables) {
      if (name !== 'LISTEN_FDS' && name !== 'LISTEN_PID' && passing.test(name) && new RegExp(`(^|[^0-9.])${fd}([^0-9.]|$)`).test(value)) return true;
    }
    return false;
  });
}
