import type { ByteString } from '../../evidence/types.ts';
import { processLabel } from '../../kernel/services.ts';
import { subjectOf } from '../../kernel/snapshot-rule.ts';
import { decodeText } from '../../kernel/text.ts';
import type { Process } from '../../kernel/types.ts';
import { type Confidence, type EvidenceItem, type Finding, fingerprint, type Remedy } from '../../report/index.ts';
import { plural, shellWord } from '../../report/words.ts';
import type { Expectation, InotifyLook, Watch, WatchState } from '../instances/model.ts';
import { lookRule } from '../look-rule.ts';
import { IN_NAMES } from '../mask.ts';
import { unshared } from './queue.ts';

const ID = 'inotify/dead-watch';
const SHOWN = 5;

/** States in which a change of the path is not seen, with how sure that is, surest first. */
const DEAD: Partial<Record<WatchState, Confidence>> = { replaced: 'certain', deleted: 'certain', nameless: 'likely', covered: 'likely', moved: 'hint' };
const BECAUSE: Partial<Record<WatchState, string>> = {
  replaced: 'the kernel names what is watched as deleted, or as an older version, and something else is at its path now',
  deleted: 'the kernel names what is watched as deleted',
  nameless: 'all that has a name on that file system was looked at twice, half a second apart, and what is watched was not among it',
  covered: 'the path of what is watched leads to something else now',
  moved: 'a backup beside the file it is named after looks like a save that moved the watched file away; it may be meant',
};

/** Watches that still exist and can tell nothing of their path any more, and paths that should be watched and are not. */
export const deadWatch = lookRule(ID, (look) => [...deadOf(look), ...idleOf(look), ...astrayOf(look), ...look.expectations.flatMap((one) => expectedOf(one, look))]);

function deadOf({ instances }: InotifyLook): Finding[] {
  return unshared(instances).flatMap(({ process, watches = [], fd, library }) => {
    // It is meant to stay with the old file.
    if (library?.staysWithFile) return [];
    return (Object.keys(DEAD) as WatchState[]).flatMap((state) => {
      const dead = watches.filter((watch) => watch.state === state && !watch.told && !MADE_NAMELESS.test(watch.path ?? ''));
      const told = watches.filter((watch) => watch.state === state && watch.told === 'only');
      // Where none has a name it cannot be told whether a watch on the directory above told of it.
      const mayKnow = state === 'nameless' && watches.some((watch) => watch.state === 'ok' && watch.what === 'directory' && (watch.mask & IN_NAMES) !== 0);
      return [...(dead.length === 0 ? [] : [findingOf(process, fd, state, dead, mayKnow)]), ...(told.length === 0 ? [] : [toldOf(process, fd, told)])];
    });
  });
}

/** Of O_TMPFILE (fs/dcache.c d_mark_tmpfile: `#` and the inode number): it never had a name that something else could take. */
const MADE_NAMELESS = /\/#\d+$/;

/** Directories that were made anew, which the program knows and does not watch: it may be about to, or mean it. */
function toldOf(process: Process, fd: number, told: readonly Watch[]): Finding {
  const [first] = told as [Watch];
  return {
    id: ID,
    severity: 'info',
    confidence: 'likely',
    because: 'its watch on the directory above told it so, and no watch of it is on the directory that is there now',
    title: `${processLabel(process)} was told that ${text(first.path)} was made anew${told.length > 1 ? `, and ${told.length - 1} more` : ''}, and does not watch what is there now`,
    subject: subjectOf('inotify', 'directory made anew', process),
    evidence: told.slice(0, SHOWN).map((watch): EvidenceItem => ({ name: `wd ${watch.wd}`, value: text(watch.path), source: `/proc/${process.pid}/fdinfo/${fd}` })),
    remedy: [{ text: 'look again in a moment: if it stays so, what changes in there is seen by nobody until the program is reloaded', command: `reloadctl inotify ${process.pid}`, risk: 'none' }],
    fingerprint: fingerprint(ID, 'made anew'),
  };
}

/** Instances of watchers that watch nothing: `node --watch` after the first save by rename, or one that closed what it watched. */
function idleOf({ instances }: InotifyLook): Finding[] {
  return unshared(instances).flatMap(({ process, fd, watches, library, program }) => {
    if (watches?.length !== 0 || (!library && program?.runtime !== 'node')) return [];
    const who = processLabel(process);
    return [
      {
        id: ID,
        severity: 'info' as const,
        confidence: 'hint' as const,
        because: 'so does a watcher whose watches have all ended, and so does one that closed them itself',
        title: `${who} watches nothing${library ? ` (${library.name})` : ''}: its inotify instance fd ${fd} has no watch left`,
        subject: subjectOf('inotify', 'instance', process),
        evidence: [{ name: 'watches', value: 0, source: `/proc/${process.pid}/fdinfo/${fd}` }],
        remedy: [{ text: 'if it should watch: restart it, and let it watch directories, not files', risk: 'restart' as const }],
        fingerprint: fingerprint(ID, 'nothing watched'),
      },
    ];
  });
}

/** By names alone, so that a program may mean it: a note. */
function astrayOf({ astray = [] }: InotifyLook): Finding[] {
  return astray.map(({ named, leadsTo, watch, process }) => ({
    id: ID,
    severity: 'info',
    confidence: 'hint',
    because: 'the path is on its command line, and neither what it leads to now nor the directory of that, or of a link on the way, is watched; what is watched has a name like it',
    title: `${processLabel(process)} was started with ${text(named)}, which leads to another ${watch.what === 'directory' ? 'directory' : 'file'} now: it watches ${text(watch.path)}`,
    subject: subjectOf('inotify', 'path of the command line', process),
    evidence: [
      { name: 'on the command line', value: text(named), source: `/proc/${process.pid}/cmdline` },
      { name: 'leads to', value: text(leadsTo), source: `/proc/${process.pid}/root` },
      { name: `wd ${watch.wd}`, value: text(watch.path), source: `/proc/${process.pid}/fdinfo/${watch.fd}` },
    ],
    remedy: [
      { text: 'see whether a change of it would be noticed', command: `reloadctl inotify ${process.pid} --expect ${shellWord(text(named))}`, risk: 'none' },
      { text: 'reload or restart the program, so that it adds its watches anew', risk: 'reload' },
    ],
    fingerprint: fingerprint(ID, 'astray'),
  }));
}

const WORDS: Partial<Record<WatchState, string>> = {
  replaced: 'was replaced: the watch is on the old one',
  deleted: 'was deleted',
  nameless: 'has no name any more: it was deleted or replaced, and somebody holds it',
  covered: 'is hidden by a mount',
  moved: 'seems to be a backup: the watch went with the file that was moved away',
};

function findingOf(process: Process, fd: number, state: WatchState, dead: readonly Watch[], mayKnow: boolean): Finding {
  const [first] = dead as [Watch];
  const more = dead.length > 1 ? `, and ${dead.length - 1} more` : '';
  return {
    id: ID,
    severity: mayKnow ? 'info' : 'warning',
    // In a layer of an overlay a file that was moved elsewhere looks like one that is gone.
    confidence: mayKnow ? 'hint' : first.by === 'overlay' && DEAD[state] === 'certain' ? 'likely' : DEAD[state]!,
    because: `${state === 'nameless' && first.path !== undefined ? first.note! : BECAUSE[state]!}${mayKnow ? '; the program watches directories as well, which may have told it' : ''}`,
    title: `${plural('watch', dead.length, 'watches')} of ${processLabel(process)} ${state === 'moved' ? 'may be' : dead.length === 1 ? 'is' : 'are'} dead: ${nameOf(first)} ${WORDS[state]}${more}`,
    subject: subjectOf('inotify', `${state} watch`, process),
    evidence: [
      { name: `watches of this kind in fd ${fd}`, value: dead.length, source: `/proc/${process.pid}/fdinfo/${fd}` },
      ...dead.slice(0, SHOWN).map((watch): EvidenceItem => ({ name: `wd ${watch.wd}`, value: nameOf(watch), source: `/proc/${process.pid}/fdinfo/${fd}` })),
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
const CHANGES_OF_DIRECTORY = { ...CHANGES, write: 'a write to a file in it', replace: 'that it is replaced itself', create: 'that an entry is made in it' } as const;
const ONLY = { rename: 'unless by rename', create: 'unless made anew' } as const;

function expectedOf(expectation: Expectation, look: InotifyLook): Finding[] {
  const { path, verdict, changes, directory, mounted } = expectation;
  if (verdict === 'seen' || verdict === 'unknown') return [];
  const words = directory ? CHANGES_OF_DIRECTORY : CHANGES;
  const counted = changes.filter(({ minor }) => !minor);
  const missed = counted.filter(({ seen, only }) => !seen || only);
  const isAll = verdict === 'not-seen';
  // Whoever waits for a file that somebody writes sees it come: a rename is one more way.
  const isArrival = missed.length > 0 && missed.every(({ change, only }) => change === 'create' && only === 'create');
  // A watch on the file ends with the file; a library may put it on the next one.
  const ended = missed.length === 0;
  const isOneShot = counted.some(({ change, once }) => once && (change === 'write' || change === 'create'));
  const watchesAnew = look.instances.map(({ library }) => library?.watchesAnew);
  const mayWatchAnew = ended && !isOneShot && look.instances.some(({ library }) => library && library.watchesAnew === undefined);
  const isHarmless = ended && !isOneShot && watchesAnew.includes(true);
  const [first] = look.instances;
  const what = missed.map(({ change, path: where, only }) => `${change === 'link' ? `${CHANGES.link} ${text(where)}` : words[change]}${only ? `, ${ONLY[only]}` : ''}`);
  const finding: Finding = {
    id: ID,
    severity: isAll && look.complete ? 'critical' : isHarmless || isArrival ? 'info' : 'warning',
    confidence: !look.complete ? 'likely' : mayWatchAnew ? 'hint' : ended ? 'likely' : 'certain',
    because: !look.complete
      ? 'not all watches could be read: one of the others may see it'
      : mounted
        ? 'the file is mounted on its path by itself: its directory is told nothing of it, and a file that takes the place of its source never arrives here'
        : mayWatchAnew
        ? 'some libraries watch the new file then, and from outside it is not to be seen whether this program does'
        : 'every watch of the process was compared with what the path is now; a program that asks by stat() is not seen here',
    title: isAll
      ? `no inotify watch of ${look.label} sees a change of ${text(path)}`
      : isOneShot && ended
        ? `${look.label} sees only the first change of ${text(path)}: the watch ends with its first event (IN_ONESHOT)`
        : ended
          ? `${look.label} sees only the first replacement of ${text(path)}: the watch is on the file itself`
          : `${look.label} does not see every change of ${text(path)}: not ${what.join(', nor ')}`,
    subject: first ? subjectOf('path', 'expected path', first.process) : { kind: 'path', key: 'expected path' },
    evidence: changes.slice(0, 12).map(({ change, path: where, seen, once, only, by }) => ({
      name: `${words[change]}: ${text(where)}`,
      value: seen ? `seen${once ? ' once' : ''}${only ? `, ${ONLY[only].replace('unless', 'only if')}` : ''} by ${by.slice(0, 3).map(({ fd, wd }) => `fd ${fd} wd ${wd}`).join(', ')}` : 'not seen',
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

function nameOf({ path, ino, fsType }: Watch): string {
  return path === undefined ? `inode ${ino}${fsType === undefined ? '' : ` on ${decodeText(fsType).text}`}` : text(path);
}

function text(path: ByteString | undefined): string {
  return path === undefined ? 'a file without a name' : decodeText(path).text;
}
