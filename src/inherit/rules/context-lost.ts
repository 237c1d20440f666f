import { processLabel } from '../../kernel/services.ts';
import { subjectOf } from '../../kernel/snapshot-rule.ts';
import { type Finding, fingerprint, lastEventRule, type Remedy } from '../../report/index.ts';
import { listOf } from '../../report/words.ts';
import type { Aspect, Difference, InheritLook } from '../model.ts';

const ID = 'reload/context-lost';

const WHAT: Record<Aspect, string> = {
  files: 'makes files with another umask',
  rights: 'has lost rights',
  scheduling: 'is scheduled otherwise',
  signals: 'will not hear the signals that the old one heard',
  limits: 'has lower limits',
  place: 'runs in another place',
  listeners: 'does not listen where the old one did',
  descriptors: 'changed what both generations share',
  arguments: '',
  environment: '',
};

/** What the old generation had and the new one has not, apart from what it was given to do. */
export const contextLost = lastEventRule<InheritLook>(ID, 'inherit', ({ old, new: now, differences }): Finding[] => {
  const lost = new Map<Aspect, Difference[]>();
  for (const difference of differences) if (difference.lost) lost.set(difference.aspect, [...(lost.get(difference.aspect) ?? []), difference]);
  return [...lost].map(([aspect, all]): Finding => ({
    id: ID,
    severity: 'warning',
    confidence: aspect === 'listeners' ? 'likely' : 'certain',
    because: aspect === 'listeners' ? 'it may yet begin to listen: one look' : 'both were read, and differ',
    title: `the new generation ${processLabel(now)} ${WHAT[aspect]} than ${processLabel(old)}: ${listOf(all.map(wordsOf), 4)}`.replace(/(not listen where the old one did|signals that the old one heard|lost rights|generations share) than [^:]*/, '$1'),
    subject: subjectOf('context', aspect, now),
    evidence: all.map(({ name, old: was, new: is, source }) => ({ name, value: `${shown(was)} -> ${shown(is)}`, source })),
    remedy: [remedyOf(aspect, now.pid)],
    fingerprint: fingerprint(ID, aspect),
  }));
});

function wordsOf({ name, old, new: now }: Difference): string {
  if (name.endsWith(' signals') && old !== null && now !== null) {
    const [before, after] = [old.split(' '), now.split(' ')];
    const gained = after.filter((one) => one !== '' && !before.includes(one));
    const gone = before.filter((one) => one !== '' && !after.includes(one));
    return `${name} ${[...gained.map((one) => `+${one}`), ...gone.map((one) => `-${one}`)].join(' ')}`;
  }
  return `${name} ${shown(old)} -> ${shown(now)}`;
}

function shown(value: string | null): string {
  return value === null ? 'nothing' : value === '' ? 'none' : value;
}

function remedyOf(aspect: Aspect, pid: number): Remedy {
  switch (aspect) {
    case 'limits':
      return { text: 'raise them live, and see what lowered them: a shell profile, ulimit in a script, a unit without Limit...=', command: `sudo prlimit --pid ${pid}`, risk: 'live' };
    case 'signals':
      return { text: 'ask whether the next reload would work', command: `reloadctl preflight ${pid} --signal HUP`, risk: 'none' };
    case 'scheduling':
      return { text: 'undo it live, with taskset and choom where it is not the nice value', command: `sudo renice -n 0 -p ${pid}`, risk: 'live' };
    case 'listeners':
      return { text: 'see who listens now', command: `reloadctl fds ${pid} --list`, risk: 'none' };
    default:
      return { text: 'start the new generation the way the old one was started: by its service manager, or by the old one itself', risk: 'restart' };
  }
}
