import type { ByteString } from '../../evidence/types.ts';
import { processLabel } from '../../kernel/services.ts';
import { subjectOf } from '../../kernel/snapshot-rule.ts';
import { decodeText } from '../../kernel/text.ts';
import type { Process } from '../../kernel/types.ts';
import { type Confidence, type EvidenceItem, type Finding, fingerprint, type Remedy } from '../../report/index.ts';
import { plural } from '../../report/words.ts';
import type { Expectation, InotifyLook, Instance, Watch, WatchState } from '../instances/model.ts';
import { lookRule } from '../look-rule.ts';

const ID = 'inotify/dead-watch';
const SHOWN = 5;

/** States in which a change of the path is not seen, with how sure that is, surest first. */
const DEAD: Partial<Record<WatchState, Confidence>> = { replaced: 'certain', deleted: 'certain', covered: 'likely', moved: 'hint' };
const BECAUSE: Partial<Record<WatchState, string>> = {
  replaced: 'the kernel names what is watched as deleted, or as an older version, and something else is at its path now',
  deleted: 'the kernel names what is watched as deleted',
  covered: 'the path of what is watched leads to something else now',
  moved: 'a backup beside the file it is named after looks like a save that moved the watched file away; it may be meant',
};

/** Watches that still exist and can tell nothing of their path any more, and paths that should be watched and are not. */
export const deadWatch = lookRule(ID, (look) => [...deadOf(look), ...look.expectations.flatMap((one) => expectedOf(one, look))]);

function deadOf({ instances }: InotifyLook): Finding[] {
  return instances.flatMap(({ process, watches = [], fd, sharedWith }) => {
    if (sharedWith.some(({ pid }) => pid < process.pid)) return [];
    return (Object.keys(DEAD) as WatchState[]).flatMap((state) => {
      const dead = watches.filter((watch) => watch.state === state);
      return dead.length === 0 ? [] : [findingOf(process, fd, state, dead)];
    });
  });
}

const WORDS: Partial<Record<WatchState, string>> = {
  replaced: 'was replaced: the watch is on the old one',
  deleted: 'was deleted',
  covered: 'is hidden by a mount',
  moved: 'seems to be a backup: the watch went with the file that was moved away',
};

function findingOf(process: Process, fd: number, state: WatchState, dead: readonly Watch[]): Finding {
  const [first] = dead as [Watch];
  const more = dead.length > 1 ? `, and ${dead.length - 1} more` : '';
  return {
    id: ID,
    severity: 'warning',
    confidence: DEAD[state]!,
    because: BECAUSE[state]!,
    title: `${plural('watch', dead.length, 'watches')} of ${processLabel(process)} ${dead.length === 1 ? 'is' : 'are'} dead: ${text(first.path)} ${WORDS[state]}${more}`,
    subject: subjectOf('inotify', `${state} watch`, process),
    evidence: [
      { name: `watches of this kind in fd ${fd}`, value: dead.length, source: `/proc/${process.pid}/fdinfo/${fd}` },
      ...dead.slice(0, SHOWN).map((watch): EvidenceItem => ({ name: `wd ${watch.wd}`, value: text(watch.path), source: `/proc/${process.pid}/fdinfo/${fd}` })),
      ...(first.note === undefined ? [] : [{ name: 'what became of it', value: first.note, source: `inode ${first.ino}` }]),
    ],
    remedy: [
      { text: 'reload or restart the program, so that it adds its watches anew', risk: 'reload' },
      { text: 'for good: watch the directory and compare names, not the file: a save by rename, a rotation or a ConfigMap update ends the watch of a file', risk: 'restart' },
    ],
    fingerprint: fingerprint(ID, state),
  };
}

const CHANGES = { write: 'a write in place', replace: 'a replacement by rename', link: 'a switch of the link', create: 'that it is created' } as const;

function expectedOf(expectation: Expectation, look: InotifyLook): Finding[] {
  const { path, verdict, changes } = expectation;
  if (verdict === 'seen' || verdict === 'unknown') return [];
  const counted = changes.filter(({ minor }) => !minor);
  const missed = counted.filter(({ seen }) => !seen);
  const watchesAnew = look.instances.some((instance: Instance) => instance.library?.watchesAnew);
  const isAll = verdict === 'not-seen';
  const [first] = look.instances;
  const once = missed.length === 0;
  const what = (missed.length > 0 ? missed : counted.filter((change) => change.once)).map(({ change, path: where }) => (change === 'link' ? `${CHANGES.link} ${text(where)}` : CHANGES[change]));
  const finding: Finding = {
    id: ID,
    severity: isAll && look.complete ? 'critical' : once && watchesAnew ? 'info' : 'warning',
    confidence: look.complete ? (once ? 'likely' : 'certain') : 'likely',
    because: look.complete
      ? 'every watch of the process was compared with what the path is now; a program that asks by stat() is not seen here'
      : 'not all watches could be read: one of the others may see it',
    title: isAll
      ? `no inotify watch of ${look.label} sees a change of ${text(path)}`
      : once
        ? `${look.label} sees only the first replacement of ${text(path)}: the watch is on the file itself`
        : `${look.label} does not see every change of ${text(path)}: not ${what.join(', nor ')}`,
    subject: first ? subjectOf('path', 'expected path', first.process) : { kind: 'path', key: 'expected path' },
    evidence: changes.slice(0, 12).map(({ change, path: where, seen, once: single, by }) => ({
      name: `${CHANGES[change]}: ${text(where)}`,
      value: seen ? `seen${single ? ' once' : ''} by ${by.slice(0, 3).map(({ fd, wd }) => `fd ${fd} wd ${wd}`).join(', ')}` : 'not seen',
      source: 'inode of the path and of its directory',
    })),
    remedy: expectedRemedies(isAll),
    fingerprint: fingerprint(ID, 'expected', verdict),
  };
  return [finding];
}

function expectedRemedies(isAll: boolean): Remedy[] {
  return [
    { text: isAll ? 'reload or restart the program, so that it adds its watches anew' : 'watch the directory of the file, and that of every link on the way', risk: 'reload' },
    { text: 'see which changes this file system tells of', command: 'reloadctl inotify-probe DIRECTORY', risk: 'none' },
  ];
}

function text(path: ByteString | undefined): string {
  return path === undefined ? 'a file without a name' : decodeText(path).text;
}
