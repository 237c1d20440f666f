import { processLabel } from '../../kernel/services.ts';
import { subjectOf } from '../../kernel/snapshot-rule.ts';
import { type Finding, fingerprint, lastEventRule, type Remedy } from '../../report/index.ts';
import { count, listOf } from '../../report/words.ts';
import type { Aspect, Difference, InheritLook } from '../model.ts';

const ID = 'reload/context-lost';

const MOST_SIGNALS = 6;

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
    remedy: [remedyOf(aspect, now.pid, all)],
    fingerprint: fingerprint(ID, aspect),
  }));
});

/** As it was in the old one. */
function undoOf({ name, old }: Difference, pid: number): string[] {
  if (name === 'nice') return [`sudo renice -n ${old} -p ${pid}`];
  if (name === 'oom_score_adj') return [`sudo choom -n ${old} -p ${pid}`];
  return name === 'cpu affinity' ? [`sudo taskset -a -c -p ${old} ${pid}`] : [];
}

function wordsOf({ name, old, new: now }: Difference): string {
  if (name.endsWith(' signals') && old !== null && now !== null) {
    const [before, after] = [old.split(' '), now.split(' ')];
    const gained = after.filter((one) => one !== '' && !before.includes(one));
    const gone = before.filter((one) => one !== '' && !after.includes(one));
    const changed = [...gained.map((one) => `+${one}`), ...gone.map((one) => `-${one}`)];
    const more = changed.length > MOST_SIGNALS ? ` and ${count(changed.length - MOST_SIGNALS)} more` : '';
    return `${name} ${changed.slice(0, MOST_SIGNALS).join(' ')}${more}`;
  }
  return `${name} ${shown(old)} -> ${shown(now)}`;
}

function shown(value: string | null): string {
  return value === null ? 'nothing' : value === '' ? 'none' : value;
}

function remedyOf(aspect: Aspect, pid: number, all: readonly Difference[]): Remedy {
  switch (aspect) {
    case 'limits':
      return { text: 'raise them live, and see what lowered them: a shell profile, ulimit in a script, a unit without Limit...=', command: `sudo prlimit --pid ${pid}`, risk: 'live' };
    case 'signals':
      return { text: 'ask whether the next reload would work', command: `reloadctl preflight ${pid} --signal HUP`, risk: 'none' };
    case 'scheduling':
      return { text: 'undo it live', command: all.flatMap((one) => undoOf(one, pid)).join('; ') || `cat /proc/${pid}/status`, risk: 'live' };
    case 'listeners':
      return { text: 'see who listens now', command: `reloadctl fds ${pid} --list`, risk: 'none' };
    default:
      return { text: 'start the new generation the way the old one was started: by its service manager, or by the old one itself', risk: 'restart' };
  }
}
