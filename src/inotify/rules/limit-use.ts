/** A limit per user that is reached or nearly so, told once per counter of the kernel's. */
import type { InotifyUser, Level } from '../../kernel/inotify-users/index.ts';
import { type EvidenceItem, type Finding, fingerprint, lastEventRule, type Remedy, type RuleDefinition, type Severity } from '../../report/index.ts';
import { count, percent } from '../../report/words.ts';
import type { InotifyUsersEvent } from '../limits/event.ts';
import { inUse, nameOf, type Resource, roomOf, settingOf } from '../limits/fit.ts';
import { type Holder, holdersOf } from '../limits/holders.ts';
import { raiseOf, raiseRemedies, unseenLimit } from '../limits/raise.ts';

const NEAR = 0.9;
const MOST_HOLDERS = 3;

/** What fails, and how, once nothing is left. */
const FAILS: Record<Resource, string> = {
  instances: 'the next inotify_init() of this user fails with EMFILE ("too many open files") already, in whichever program',
  watches: 'the next inotify_add_watch() of this user fails with ENOSPC ("no space left on device") already, in whichever program',
};
const ONE: Record<Resource, string> = { instances: 'inotify instance', watches: 'inotify watch' };

export function usersRule(id: string, judge: (event: InotifyUsersEvent) => Finding[]): RuleDefinition<InotifyUsersEvent> {
  return lastEventRule(id, 'inotify-users', judge);
}

export function limitRule(id: string, resource: Resource): RuleDefinition<InotifyUsersEvent> {
  return usersRule(id, (event) => event.users.flatMap((user) => findingOf(id, resource, user, event)));
}

function findingOf(id: string, resource: Resource, user: InotifyUser, event: InotifyUsersEvent): Finding[] {
  // Those above have a row, and so a finding, of their own.
  const level = user.levels[0]!;
  const { used, atLeast = used, atMost, limit } = level[resource];
  // One was tried to be made, and refused: whoever holds them.
  const isRefused = resource === 'instances' && user.tried?.made === 0;
  if (limit === null || (used < limit * NEAR && !isRefused)) return [];
  const isFull = used >= limit || isRefused;
  const isUnseen = isRefused && roomOf(user, resource).binding === null;
  // Some may be charged to another user.
  const isSure = atLeast >= limit || isRefused;
  if (isFull && !isSure && resource === 'instances' && (user.tried?.made ?? 0) > 0) return [];
  const who = nameOf(level, level.isFirst);
  const setting = settingOf(level, resource);
  const numbers = `${atMost === used ? '' : 'at least '}${count(used)} of ${count(limit)} (${setting})`;
  const many = `${ONE[resource]}${resource === 'watches' ? 'es' : 's'}`;
  const holders = holdersBelow(user, resource, event).slice(0, MOST_HOLDERS);
  return [
    {
      id,
      severity: severityOf(resource, level, isFull, event),
      confidence: isSure ? 'certain' : 'likely',
      because: isSure ? FAILS[resource] : isFull ? `${count(used - atLeast)} of them are of processes that have changed their user, and may be charged to another; else ${FAILS[resource]}` : `the count and the limit are both read from the kernel, and ${percent(used / limit)} are in use; whether the count rises is not known from one look`,
      title: isUnseen ? `${who} can make no inotify instance, and the limit that was met is not seen from here` : isFull ? `${who} has no ${ONE[resource]} left: ${numbers}` : `${who} uses ${percent(used / limit)} of its ${many}: ${numbers}`,
      subject: { kind: 'user', key: who },
      evidence: [
        { name: `${many} in use`, value: used, limit, source: resource === 'instances' ? '/proc/PID/fd' : '/proc/PID/fdinfo' },
        { name: 'limit', value: limit, source: `/proc/sys/${setting.replaceAll('.', '/')}` },
        ...holders.map((holder): EvidenceItem => holderEvidence(holder, resource)),
      ],
      remedy: [...holders.slice(0, 1).flatMap((holder) => holderRemedies(holder, resource)), ...(isUnseen ? [unseenLimit(resource)] : raiseRemedies(raiseOf(level, resource, { used: inUse(user, level, resource), need: isFull ? 1 : 0 }, event.ownNamespace, user.instances[0]?.held[0]?.watcher.pid), level, event.ownNamespace))],
      fingerprint: fingerprint(id, 'user'),
    },
  ];
}

/** Its own, and those of the users of namespaces below, which count here too. */
function holdersBelow(user: InotifyUser, resource: Resource, { users }: InotifyUsersEvent): Holder[] {
  const isBelow = ({ levels }: InotifyUser): boolean => levels.some(({ userns, uid }) => userns === user.userns && uid === user.uid);
  return users.filter(isBelow).flatMap(holdersOf).sort((a, b) => (b[resource] ?? 0) - (a[resource] ?? 0) || a.pid - b.pid);
}

/** Who asked whether something fits for one user is not refused for another's sake. */
function severityOf(resource: Resource, level: Level, isFull: boolean, { demand }: InotifyUsersEvent): Severity {
  const isAsked = !demand || (demand.needs[resource] > 0 && demand.user.levels.some(({ userns, uid }) => userns === level.userns && uid === level.uid));
  if (isFull) return isAsked ? 'critical' : 'warning';
  return isAsked ? 'warning' : 'info';
}

function holderEvidence(holder: Holder, resource: Resource): EvidenceItem {
  return { name: `${resource} of process ${holder.pid}`, value: holder[resource] ?? 'not readable', source: `/proc/${holder.pid}/fd` };
}

function holderRemedies(holder: Holder, resource: Resource): Remedy[] {
  const { pid, comm, onlyInChildOf } = holder;
  const held = holder[resource];
  const look: Remedy = { text: `see what ${comm}[${pid}] watches, which holds ${held === null ? 'an unknown number' : count(held)} of them`, command: `reloadctl inotify ${pid}`, risk: 'none' };
  if (!onlyInChildOf) return [look];
  const { pid: parent, comm: name } = onlyInChildOf;
  return [look, { text: `they are held only by the child ${comm}[${pid}]: if it has them from ${name}[${parent}] by fork, ending it frees them, and closing them after fork() avoids it`, risk: 'restart' }];
}
