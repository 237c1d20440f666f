import { type Finding, fingerprint } from '../../report/index.ts';
import { count } from '../../report/words.ts';
import type { Demand, InotifyUsersEvent } from '../limits/event.ts';
import { fits, inUse, nameOf, type Resource, roomOf, settingOf, triedOf } from '../limits/fit.ts';
import { raiseOf, raiseRemedies, unseenLimit } from '../limits/raise.ts';
import { usersRule } from './limit-use.ts';

const ID = 'inotify/demand';

export const demand = usersRule(ID, (event) =>
  event.demand ? (['instances', 'watches'] as const).flatMap((resource) => findingOf(resource, event.demand!, event)) : [],
);

function findingOf(resource: Resource, { user, needs, reason, isModel }: Demand, { ownNamespace }: InotifyUsersEvent): Finding[] {
  const need = needs[resource];
  const room = roomOf(user, resource);
  if (fits(room, need) !== 'no') return [];
  const left = room.left!;
  const level = room.binding;
  if (!level) return [unseenFinding(resource, user, need, left)];
  const used = inUse(user, level, resource);
  const { limit } = level[resource];
  const setting = settingOf(level, resource);
  const noun = resource === 'watches' ? 'inotify watch' : 'inotify instance';
  const many = resource === 'watches' ? 'inotify watches' : 'inotify instances';
  const who = nameOf(level, level.isFirst);
  const tried = triedOf(user, resource);
  const isTried = tried !== undefined && tried.made < need;
  const isEstimate = resource === 'watches' && isModel;
  return [
    {
      id: ID,
      severity: 'critical',
      confidence: isEstimate ? 'likely' : 'certain',
      because: isTried ? `it was tried: only ${count(left)} of ${count(need)} could be made` : `${count(used)} are in use and ${count(need)} more are needed${isEstimate ? `, as the library is known to make them (${reason})` : ''}: that is more than ${count(limit!)}`,
      title: `${count(need)} ${need === 1 ? `${noun} does` : `${many} do`} not fit: ${who} has ${count(left)} of ${count(limit!)} left (${setting})`,
      subject: { kind: 'user', key: who },
      evidence: [
        { name: `${many} needed`, value: need, source: isEstimate && reason !== undefined ? reason : 'as given' },
        { name: `${many} in use`, value: used, limit: limit!, source: isTried ? 'limit less those that could be made' : resource === 'instances' ? '/proc/PID/fd' : '/proc/PID/fdinfo' },
        { name: 'limit', value: limit!, source: `/proc/sys/${setting.replaceAll('.', '/')}` },
      ],
      remedy: raiseRemedies(raiseOf(level, resource, { used, need }, ownNamespace), level, ownNamespace),
      fingerprint: fingerprint(ID, resource),
    },
  ];
}

/** Only trying tells of a limit around us. */
function unseenFinding(resource: Resource, { userns, uid, levels }: Demand['user'], need: number, left: number): Finding {
  const who = nameOf({ userns, uid }, levels[0]!.isFirst);
  return {
    id: ID,
    severity: 'critical',
    confidence: 'certain',
    because: `it was tried: only ${count(left)} of ${count(need)} could be made, which is less than the limits that are seen from here leave`,
    title: `${count(need)} inotify ${resource} do not fit: ${who} could make ${count(left)}, and the limit that was met is not seen from here`,
    subject: { kind: 'user', key: who },
    evidence: [
      { name: `inotify ${resource} needed`, value: need, source: 'as given' },
      { name: 'could be made', value: left, source: `${resource === 'instances' ? 'inotify_init1' : 'inotify_add_watch'}, tried` },
    ],
    remedy: [unseenLimit(resource)],
    fingerprint: fingerprint(ID, resource),
  };
}
