import { processLabel } from '../../kernel/services.ts';
import { subjectOf } from '../../kernel/snapshot-rule.ts';
import { type Finding, fingerprint, lastEventRule } from '../../report/index.ts';
import { bytes, count } from '../../report/words.ts';
import type { PreflightLook, Room } from '../model.ts';

const ID = 'preflight/no-headroom';

/** Two generations run beside each other for a while: is there room for the second? */
export const noHeadroom = lastEventRule<PreflightLook>(ID, 'preflight', (look): Finding[] => {
  if (look.effect === 'within') return [];
  const short = look.room.filter(isShort);
  const worst = new Map<string, Room>();
  for (const room of short) if (!worst.has(room.resource) || room.left < worst.get(room.resource)!.left) worst.set(room.resource, room);
  return [...worst.values()].map((room) => findingOf(room, look));
});

export function isShort({ left, need, least }: Room): boolean {
  return left < least || (need !== null && left < need);
}

function findingOf(room: Room, { process, effect, delivery }: PreflightLook): Finding {
  const { resource, used, limit, left, need, least, source } = room;
  const isNone = left < least;
  // A reload may also happen within the process, which needs nothing of this.
  const isKnown = effect !== undefined || delivery?.name === 'USR2';
  const amount = room.unit === 'bytes' ? bytes : count;
  return {
    id: ID,
    severity: isNone && isKnown ? 'critical' : 'warning',
    confidence: isNone && isKnown ? 'certain' : 'likely',
    because: isNone ? 'the limit is reached: what a second generation needs at least is refused' : 'a second generation is taken to need as much as this one has',
    title: `no room for a second generation of ${processLabel(process)}: ${amount(left)} ${words(resource)} left of ${amount(limit)}${need === null ? '' : `, it would need ${amount(need)}`}`,
    subject: subjectOf('limit', resource, process),
    evidence: [
      { name: `${resource} in use`, value: used, limit, source, ...(room.unit && { unit: room.unit }) },
      ...(need === null ? [] : [{ name: 'needed by a second generation', value: need, source: `/proc/${process.pid}/status`, ...(room.unit && { unit: room.unit }) }]),
    ],
    remedy: [remedyOf(room, process.pid)],
    fingerprint: fingerprint(ID, resource),
  };
}

function words(resource: Room['resource']): string {
  return resource === 'memory' ? 'of memory' : resource;
}

function remedyOf({ resource, source, limit, left, need }: Room, pid: number): Finding['remedy'][number] {
  if (resource === 'descriptors') return { text: 'see what is open, and raise its limit for as long as it runs', command: `sudo prlimit --pid ${pid} --nofile=${limit * 2}`, risk: 'live' };
  if (resource === 'inotify instances') return { text: 'see who holds them', command: 'reloadctl inotify-limits', risk: 'none' };
  if (resource === 'open files of the host') return { text: 'raise the ceiling of the host', command: `sudo sysctl -w fs.file-max=${limit * 2}`, risk: 'host' };
  return { text: 'raise the limit of the cgroup before the reload (systemd: TasksMax=, MemoryMax=)', command: `echo ${limit + Math.max(1, (need ?? 1) - left)} | sudo tee ${source}`, risk: 'live' };
}
