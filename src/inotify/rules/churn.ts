import { processLabel } from '../../kernel/services.ts';
import { subjectOf } from '../../kernel/snapshot-rule.ts';
import { type Finding, fingerprint } from '../../report/index.ts';
import { count, duration, plural } from '../../report/words.ts';
import type { Instance } from '../instances/model.ts';
import { lookRule } from '../look-rule.ts';
import { IN } from '../mask.ts';
import { unshared } from './queue.ts';

const ID = 'inotify/churn';
/** Watches ever added, from which on it is worth a word, and how many times those that live. */
const MANY_EVER = 1000;
const TIMES_LIVE = 20;
/** Added while we looked on: more than this a second, and this many in all, is a loop. */
const PER_SECOND = 5;
const MANY_ADDED = 25;
/** From so many a second on, of the same things and with never an event at so many looks, it is the program itself. */
const FAST = 50;
const SAMPLES = 10;

/** Watches that are added and removed again and again: a rescan loop, or files replaced all the time. */
export const churn = lookRule(ID, ({ instances, windowMs }) => unshared(instances).flatMap((instance) => findingOf(instance, windowMs)));

function findingOf(instance: Instance, windowMs: number | undefined): Finding[] {
  const { process, fd, maxWd, watches, queue, added = 0, addedAgain = 0, addedNew = 0, watchesAtStart = 0 } = instance;
  if (!watches) return [];
  const live = watches.length;
  const gained = Math.max(0, live - watchesAtStart);
  // A program that begins to watch a tree adds many, and keeps them.
  const turnedOver = added - gained;
  const perSecond = windowMs === undefined ? 0 : (turnedOver * 1000) / windowMs;
  const isLoop = perSecond >= PER_SECOND && turnedOver >= MANY_ADDED;
  // Saves by rename and directories that come and go make a healthy program do so, each time of something new. A watch that ends with
  // its first event must be added again.
  const isSame = addedAgain > 0 && addedNew === 0 && watches.every(({ mask }) => (mask & IN.ONESHOT) === 0);
  const isIdle = isLoop && isSame && perSecond >= FAST && queue !== undefined && queue.samples >= SAMPLES && queue.highestBytes === 0;
  if (!isLoop && (maxWd < MANY_EVER || maxWd < TIMES_LIVE * Math.max(1, live))) return [];
  return [
    {
      id: ID,
      severity: isIdle ? 'warning' : 'info',
      confidence: isLoop ? 'likely' : 'hint',
      because: isLoop
        ? `while it was looked at for ${duration(windowMs!)} its watches were removed and added again${isIdle ? ' on the very same files and directories, and at no look did an event wait' : '; files that are replaced all the time make a healthy program do so'}`
        : 'watch descriptors are given in a cycle, so that the highest one counts all watches ever added; over how long is not known',
      title: isLoop
        ? `${processLabel(process)} added ${plural('watch', added, 'watches')} in ${duration(windowMs!)} and has ${count(live)}: it adds and removes them ${isIdle ? 'in a loop' : 'all the time'}`
        : `${processLabel(process)} has added about ${count(maxWd)} watches to inotify fd ${fd} so far, and has ${count(live)} now`,
      subject: subjectOf('inotify', 'watches', process),
      evidence: [
        { name: 'live watches', value: live, source: `/proc/${process.pid}/fdinfo/${fd}` },
        { name: 'highest watch descriptor', value: maxWd, source: `/proc/${process.pid}/fdinfo/${fd}` },
        ...(windowMs === undefined ? [] : [{ name: 'added while looked at', value: added, source: `/proc/${process.pid}/fdinfo/${fd}` }]),
      ],
      remedy: [
        ...(windowMs === undefined ? [{ text: 'see whether it goes on', command: `reloadctl inotify ${process.pid} --watch 5s`, risk: 'none' as const }] : []),
        { text: 'a library that watches every file anew after each save does so too: watch directories, and leave out those that builds write to', risk: 'restart' },
      ],
      fingerprint: fingerprint(ID, 'watches'),
    },
  ];
}
