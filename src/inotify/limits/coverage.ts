/** What was looked at, and what could not be. */
import type { Evidence } from '../../evidence/types.ts';
import { type CoverageLog, errnoWords, statusOf } from '../../kernel/coverage.ts';
import { FIRST_FILES, type InotifyUsers } from '../../kernel/inotify-users/index.ts';
import { count, plural } from '../../report/words.ts';
import { fits, type Needs, type Resource, type Room, roomOf } from './fit.ts';

const RIGHTS = 'needs CAP_SYS_PTRACE and every right those processes have: run it on the host';
/** pkg/sentry of gVisor says it is this build of Linux, or names itself. */
const GVISOR = /gvisor|#1 SMP Sun Jan 10 15:06:54 PST 2016/i;

/** False where there are no limits to speak of. */
export function noteKernel(evidence: Evidence, coverage: CoverageLog): boolean {
  const [path] = FIRST_FILES;
  const { errno } = evidence.read(path!);
  if (GVISOR.test(evidence.read('/proc/version').value ?? '')) {
    const detail = 'this is gVisor: it has inotify, and does not keep to these limits';
    coverage.note({ source: 'inotify limits', status: 'unsupported', detail, fix: 'watches are limited by the memory of the sandbox only', needed: true });
    return false;
  }
  if (errno === undefined) {
    coverage.note({ source: 'inotify limits', status: 'ok', needed: true });
    return true;
  }
  const detail = errno === 'ENOENT' ? `this kernel has no inotify, or /proc/sys is not mounted: no ${path}` : `${path}: ${errnoWords(errno)}`;
  coverage.note({ source: 'inotify limits', status: errno === 'ENOENT' ? 'unsupported' : statusOf(errno), detail, needed: true });
  return false;
}

interface Asking {
  rerun: string;
  isRoot: boolean;
  everybody: boolean;
}

export function noteSeen(users: InotifyUsers, { rerun, isRoot, everybody }: Asking, coverage: CoverageLog): void {
  const { seen, blindness, uncounted, unmerged, self } = users;
  const { hidden, ownPids, hidepid, stopped, notRecorded } = blindness;
  const fix = isRoot ? RIGHTS : `sudo ${rerun}`;
  const total = seen + hidden.length + notRecorded;
  // What we are charged for is known by trying; of others only looking tells.
  const isOwnSure = (['instances', 'watches'] as const).every((resource) => fits(roomOf(self, resource), 1) === 'yes');
  const isDoubtful = everybody && !(isOwnSure && hidden.every(({ uids }) => uids.every((uid) => uid === self.uid)));
  const missing = hidden.length > 0 ? `${plural('process', hidden.length, 'processes')} may not be looked at: what ${hidden.length === 1 ? 'it holds' : 'they hold'} is not counted, so that counts are lower bounds` : undefined;
  if (stopped) coverage.note({ source: 'processes', status: 'partial', seen, detail: errnoWords('EINTR'), needed: true });
  else if (notRecorded > 0) coverage.note({ source: 'processes', status: 'absent', seen, total, detail: errnoWords('ENOTRECORDED'), fix: 'record the tape again', needed: true });
  else coverage.note({ source: 'processes', status: missing === undefined ? 'ok' : 'denied', seen, total, ...(missing !== undefined && { detail: missing, fix }), needed: everybody && (missing === undefined || isDoubtful) });
  if (ownPids) {
    const detail = 'this is a container (a pid namespace of its own): what runs outside is charged to the same users, and not seen';
    coverage.note({ source: 'processes outside', status: 'partial', detail, fix: 'run it on the host', needed: everybody && !isOwnSure });
  }
  if (hidepid !== undefined) {
    coverage.note({ source: 'processes of others', status: 'partial', detail: `/proc is mounted with ${hidepid}: processes of others are not seen`, fix, needed: everybody });
  }
  if (uncounted) {
    const counted = users.instances.length - uncounted.count;
    coverage.note({ source: 'watches', status: statusOf(uncounted.errno), seen: counted, total: users.instances.length, detail: `fdinfo of ${plural('instance', uncounted.count)}: ${errnoWords(uncounted.errno)}`, needed: everybody && !isOwnSure });
  }
  const floating = users.instances.filter(({ held: [one] }) => one!.watcher.changedUser).length;
  if (floating > 0) {
    const detail = `${plural('instance is', floating, 'instances are')} of processes that have changed their user since they began: the kernel does not tell whom it charges for them`;
    coverage.note({ source: 'who is charged', status: 'partial', detail, needed: everybody && !isOwnSure });
  }
  if (unmerged !== null) {
    const detail = `${errnoWords(unmerged)}: relatives that have an instance under the same number are taken to share it, so that counts may be higher`;
    coverage.note({ source: 'shared instances (kcmp)', status: unmerged === 'ENOTSUP' ? 'unsupported' : statusOf(unmerged), detail, needed: false });
  }
}

/** Without an answer to the question that was put, nothing else counts. */
export function noteDemand({ asked, instances, blindness }: InotifyUsers, needs: Needs, { rerun, isRoot }: Asking, coverage: CoverageLog): void {
  for (const resource of ['instances', 'watches'] as const) {
    const room = roomOf(asked, resource);
    if (fits(room, needs[resource]) !== 'unknown') continue;
    const fix = blindness.ownPids ? 'run it on the host' : isRoot ? RIGHTS : `sudo ${rerun}`;
    coverage.note({ source: `room for inotify ${resource}`, status: 'partial', detail: whyUnknown(room, resource, needs[resource], { asked, instances }), fix, needed: true });
  }
}

function whyUnknown({ used, atMost, left }: Room, resource: Resource, need: number, { asked: { isComplete, userns }, instances }: Pick<InotifyUsers, 'asked' | 'instances'>): string {
  if (left === null) return 'the limit could not be read';
  const fit = `${count(need)} would fit into the ${count(left)} that are left`;
  const changed = instances.filter((one) => one.held[0]!.watcher.changedUser && one.userns === userns).length;
  if (atMost !== null && changed > 0) return `${fit} or does not: whom the kernel charges for ${plural('instance', changed)} of processes that have changed their user is not told`;
  if (atMost !== null && atMost > used) return `${fit} if no process that may not be looked at has any: their descriptors could be ${count(atMost - used)} more`;
  if (atMost !== null && !isComplete) return `${fit} here, and what the users of the namespaces around this one have is not seen`;
  return `${fit} by what is seen; ${resource} of processes that may not be looked at, or that run outside, are not`;
}
