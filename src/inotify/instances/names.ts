/** What names and links tell of watches that are alive, and no longer where their program thinks. */
import type { ByteString, InotifyQuestions } from '../../evidence/types.ts';
import { IN } from '../mask.ts';
import type { Watch } from './model.ts';

/** What editors and rotations put behind the name of what they move away. */
const BACKUP = /(?:~|\.(?:bak|old|orig|save|backup|1))$/;
/** A version directory of a volume that Kubernetes projects: `..2026_01_02_03_04_05.123456789`. */
const VERSION = /^(.*)\/(\.\.\d{4}_[^/]+)(\/.*)?$/;

/** Events that tell of a name in a directory. */
const NAMES = IN.CREATE | IN.DELETE | IN.MOVED_FROM | IN.MOVED_TO;

/** Marks dead watches whose program knows: it watches the directory as well, or what is at the path now. */
export function judgeTold(watches: readonly Watch[]): void {
  const dead = watches.filter(isDead);
  if (dead.length === 0) return;
  const alive = new Set<ByteString>();
  const named = new Set<ByteString>();
  for (const { state, path, mask } of watches) {
    if (state !== 'ok' || path === undefined) continue;
    alive.add(path);
    if ((mask & NAMES) !== 0) named.add(path);
  }
  for (const watch of dead) if (alive.has(watch.path!) || named.has(watch.path!.slice(0, watch.path!.lastIndexOf('/')) || '/')) watch.told = true;
}

/** What it was put on is no longer at its path, by what the kernel says. */
export function isDead({ state, path }: Watch): boolean {
  return path !== undefined && (state === 'deleted' || state === 'replaced');
}

/** Looks at watches that are `ok` once more. */
export function judgeNames(watches: readonly Watch[], questions: InotifyQuestions, pid: number): void {
  const watched = new Set(watches.flatMap(({ path }) => (path === undefined ? [] : [path])));
  for (const watch of watches) {
    if (watch.state !== 'ok' || watch.path === undefined) continue;
    judgeVersion(watch, watch.path, questions, pid);
    judgeBackup(watch, watch.path, watched, questions, pid);
  }
}

function judgeVersion(watch: Watch, path: ByteString, questions: InotifyQuestions, pid: number): void {
  if (!path.includes('/..')) return;
  const [, volume, version] = VERSION.exec(path) ?? [];
  if (volume === undefined || version === undefined) return;
  const link = questions.lookInRoot(pid, `${volume}/..data`).value?.link;
  if (link === undefined) return;
  if (link === version) {
    watch.note = `in the version that ${volume}/..data points to now: the next update of the ConfigMap or Secret ends this watch`;
    return;
  }
  watch.state = 'replaced';
  watch.note = `${volume}/..data points to ${link} now: this is an older version of the ConfigMap or Secret`;
}

/** A program that watches the directory, or the other name too, knows of both. */
function judgeBackup(watch: Watch, path: ByteString, watched: ReadonlySet<ByteString>, questions: InotifyQuestions, pid: number): void {
  if (watch.what !== 'file') return;
  const name = path.replace(BACKUP, '');
  if (name === path || watched.has(name) || watched.has(path.slice(0, path.lastIndexOf('/')) || '/')) return;
  const other = questions.lookInRoot(pid, name).value;
  // A link beside it, like that of a shared library, mostly leads to it.
  if (other === undefined || other.link !== undefined) return;
  watch.state = 'moved';
  watch.note = `it has the name of a backup, and ${name} is another file: a watch goes with the file when that is renamed`;
}
