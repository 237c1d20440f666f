/** What names and links tell of watches that are alive, and no longer where their program thinks. */
import type { ByteString, InotifyQuestions, PathLook } from '../../evidence/types.ts';
import { IN_NAMES } from '../mask.ts';
import type { Watch } from './model.ts';

/** What editors and rotations put behind the name of what they move away. */
const BACKUP = /(?:~|\.(?:bak|old|orig|save|backup|1))$/;
/** Thousands of watches are looked at: one character decides of most. */
const LAST_OF_BACKUP = new Set([...'~kdgep1'].map((character) => character.charCodeAt(0)));
/** A version directory of a volume that Kubernetes projects: `..2026_01_02_03_04_05.123456789`; others that keep to it name them by number. */
const VERSION = /^(.*)\/(\.\.[^./][^/]*)(\/.*)?$/;
/** What `..data` leads to beside itself. */
const VERSION_NAME = /^\.\.[^./][^/]*$/;

/**
 * Marks dead watches whose program knows: it watches the directory as well, or what is at the path now. A directory that was made anew
 * is seen by nobody until it is watched, whoever was told of it.
 */
export function judgeTold(watches: readonly Watch[]): void {
  const dead = watches.filter(isDead);
  if (dead.length === 0) return;
  const alive = new Set<ByteString>();
  const named = new Set<ByteString>();
  for (const { state, path, mask } of watches) {
    if (state !== 'ok' || path === undefined) continue;
    alive.add(path);
    if ((mask & IN_NAMES) !== 0) named.add(path);
  }
  for (const watch of dead) {
    const path = watch.path!;
    if (alive.has(path)) watch.told = 'anew';
    else if (named.has(path.slice(0, path.lastIndexOf('/')) || '/')) watch.told = watch.state === 'replaced' && watch.what === 'directory' ? 'only' : 'anew';
  }
}

/** What it was put on is no longer at its path, by what the kernel says. */
export function isDead({ state, path }: Watch): boolean {
  return path !== undefined && (state === 'deleted' || state === 'replaced');
}

/** Looks at watches that are `ok` once more. */
export function judgeNames(watches: readonly Watch[], questions: InotifyQuestions, pid: number): void {
  let watched: Set<ByteString> | undefined;
  const isWatched = (path: ByteString): boolean => (watched ??= new Set(watches.flatMap((watch) => watch.path ?? []))).has(path);
  for (const watch of watches) {
    if (watch.state !== 'ok' || watch.path === undefined) continue;
    judgeVersion(watch, watch.path, questions, pid);
    judgeBackup(watch, watch.path, isWatched, questions, pid);
  }
}

function judgeVersion(watch: Watch, path: ByteString, questions: InotifyQuestions, pid: number): void {
  if (!path.includes('/..')) return;
  const [, volume, version] = VERSION.exec(path) ?? [];
  if (volume === undefined || version === undefined) return;
  const link = questions.lookInRoot(pid, `${volume}/..data`).value?.link;
  if (link === undefined || !VERSION_NAME.test(link)) return;
  if (link === version) {
    watch.note = `in the version that ${volume}/..data points to now: the next update of the ConfigMap or Secret ends this watch`;
    return;
  }
  watch.state = 'replaced';
  watch.note = `${volume}/..data points to ${link} now: this is an older version of the ConfigMap or Secret`;
}

/** What was changed no later than this after it was made was never renamed since. */
const JUST_MADE_MS = 20;

/** A program that watches the directory, or the other name too, knows of both. */
function judgeBackup(watch: Watch, path: ByteString, isWatched: (path: ByteString) => boolean, questions: InotifyQuestions, pid: number): void {
  if (!LAST_OF_BACKUP.has(path.charCodeAt(path.length - 1))) return;
  const name = path.replace(BACKUP, '');
  if (name === path || isWatched(name) || isWatched(path.slice(0, path.lastIndexOf('/')) || '/')) return;
  const other = questions.lookInRoot(pid, name).value;
  // A link beside it, like that of a shared library, mostly leads to it.
  if (other === undefined || other.link !== undefined) return;
  const own = questions.lookInRoot(pid, path).value;
  if (own && !mayHaveMoved(own, other)) return;
  watch.state = 'moved';
  watch.note = `it has the name of a backup, and ${name} is another ${watch.what === 'directory' ? 'directory' : 'file'}: a watch goes with what it is on when that is renamed`;
}

/** A rename is a change (ctime), and what took the name was made after it. Where the file system keeps no birth times nothing speaks against it. */
function mayHaveMoved(own: PathLook, other: PathLook): boolean {
  if (!own.bornMs || !other.bornMs || own.changedMs === undefined) return true;
  return own.changedMs - own.bornMs > JUST_MADE_MS && other.bornMs > own.bornMs;
}
