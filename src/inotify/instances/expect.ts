/** Would a change of this very path be seen? Asked of what the path is now, step by step, as the process sees it. */
import type { ByteString, InotifyQuestions } from '../../evidence/types.ts';
import type { Mount } from '../../kernel/proc/mountinfo.ts';
import { blindnessOf } from '../filesystems.ts';
import { IN } from '../mask.ts';
import { isWatched } from './identity.ts';
import type { Expectation, ExpectedChange, Watch } from './model.ts';
import { mountOf, type Place, routeOf } from './route.ts';

export { mountOf };

const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;

const WRITE = IN.MODIFY | IN.CLOSE_WRITE;
/** What the file itself is told when another one takes its name. */
const REPLACED = IN.DELETE_SELF | IN.ATTRIB;
/** What the directory of a file is told when both are removed. */
const REMOVED = IN.DELETE | IN.DELETE_SELF;
/** What its directory is told of a file that is made: by open(2), which is told as well, and what is written then. A link is only made. */
const MADE = { file: IN.CREATE | IN.OPEN | WRITE, link: IN.CREATE } as const;
/** What the link of a volume that Kubernetes projects is called: the kubelet only ever renames another one over it. */
const DATA_LINK = '..data';

export function expectationOf(
  path: ByteString,
  watches: readonly Watch[],
  { questions: inner, pid, mounts, own: ownPid }: { questions: InotifyQuestions; pid: number; mounts: readonly Mount[]; own?: number },
): Expectation {
  const questions = askingOnce(inner);
  const route = routeOf(path, questions, pid, mounts, ownPid);
  if (typeof route === 'string') return { path, verdict: 'unknown', changes: [], because: route };
  const { file, directory, links } = route;
  let isDoubtful = false;
  const onPlace = (place: Place): Watch[] =>
    watches.filter((watch) => {
      const is = isWatched(watch, place.path, place.stat, questions, pid);
      const mount = is === undefined ? mountOf(place.path, mounts) : undefined;
      isDoubtful ||= mount?.major === watch.major && mount.minor === watch.minor;
      return is;
    });
  const changes: ExpectedChange[] = [];
  const add = (change: ExpectedChange['change'], where: ByteString, by: readonly Watch[], more: Partial<ExpectedChange> = {}): void => {
    const once = by.length > 0 && by.every(({ mask }) => has(mask, IN.ONESHOT));
    changes.push({ change, path: where, seen: by.length > 0, by: by.map(({ pid: holder, fd, wd }) => ({ pid: holder, fd, wd })), ...(once && { once }), ...more });
  };
  const addWrite = (where: ByteString, on: readonly Watch[], more: Partial<ExpectedChange> = {}): void => {
    const by = on.filter(({ mask }) => has(mask, WRITE));
    const unless = by.length === 0 ? undefined : by.every(({ mask }) => !has(mask, IN.MODIFY)) ? 'open' : by.every(({ mask }) => !has(mask, IN.CLOSE_WRITE)) ? 'mapped' : undefined;
    add('write', where, by, { ...(unless && { unless }), ...more });
  };
  /** A name may be made by a rename or anew, which are different events. */
  const addArrival = (change: ExpectedChange['change'], where: ByteString, on: readonly Watch[], more: Partial<ExpectedChange> = {}): void => {
    const renamed = on.filter(({ mask }) => has(mask, IN.MOVED_TO));
    const arrives = change === 'create' ? MADE.file : MADE.link;
    const made = on.filter(({ mask }) => has(mask, arrives));
    const by = on.filter(({ mask }) => has(mask, IN.MOVED_TO | arrives));
    const only = by.length === 0 || (renamed.length > 0 && made.length > 0) ? undefined : renamed.length > 0 ? 'rename' : 'create';
    add(change, where, by, { ...(only && { only }), ...more });
  };
  const inVolume = links.some(({ path: link }) => nameOf(link) === DATA_LINK);
  const minor = inVolume ? { minor: true as const } : {};
  // Asked about the link itself: what it leads to is another matter.
  const isLink = links.at(-1)?.path === path;
  // Nothing can be renamed there.
  const isKernels = mountOf(route.path, mounts)?.fsType === 'proc';
  // What is mounted here has its name in another directory: events go to that.
  const mounted = mounts.some(({ mountPoint }) => mountPoint === route.path);
  const inDirectory = mounted ? [] : onPlace(directory);
  const own = file ? onPlace(file) : [];
  const isDirectory = file !== undefined && (file.stat.mode & S_IFMT) === S_IFDIR;
  if (file && isDirectory) {
    addArrival('create', file.path, own, isLink || inVolume ? { minor: true } : {});
    addWrite(file.path, own, { minor: true });
    addArrival('replace', file.path, inDirectory, { minor: true });
  } else if (file) {
    addWrite(file.path, [...own, ...inDirectory], minor);
    const byName = inDirectory.filter(({ mask }) => has(mask, IN.MOVED_TO));
    const byItself = own.filter(({ mask }) => has(mask, REPLACED));
    if (isKernels) add('replace', file.path, [], { minor: true });
    else if (byName.length > 0 || byItself.length === 0) add('replace', file.path, byName, minor);
    // Nor does a file that was mounted ever change for another one.
    else if (mounted) add('replace', file.path, []);
    else add('replace', file.path, byItself, { once: true, ...minor });
  } else {
    addArrival('create', route.path, inDirectory);
  }
  for (const link of links) {
    const on = onPlace(link.directory);
    const isData = nameOf(link.path) === DATA_LINK;
    const byRename = on.filter(({ mask }) => has(mask, IN.MOVED_TO));
    const itself = link.magic ? [] : onPlace(link).filter(({ mask }) => has(mask, REPLACED));
    // The version that the link leaves is removed, and with it what is watched in there.
    const removed = isData ? [...own.filter(({ mask }) => has(mask, REPLACED)), ...inDirectory.filter(({ mask }) => has(mask, REMOVED))] : [];
    const atEnd = [...itself, ...removed];
    if (on.every(({ mask }) => !has(mask, IN.MOVED_TO | IN.CREATE)) && itself.length > 0) add('link', link.path, atEnd, { once: true });
    else if (isData && byRename.length === 0 && atEnd.length > 0) add('link', link.path, atEnd, { once: true });
    else if (isData) add('link', link.path, byRename);
    else addArrival('link', link.path, on, inVolume || link.magic || isSystemLink(link.path) ? { minor: true } : {});
  }
  const fsType = mountOf(route.path, mounts)?.fsType;
  const real = file && file.path !== path ? { real: file.path } : {};
  if (isDoubtful) return { path, ...real, verdict: 'unknown', changes: [], because: 'it is on an overlay, where this kernel (before 6.5) does not let files be told apart by their handles' };
  return {
    path,
    ...real,
    ...(isDirectory && { directory: true }),
    ...(mounted && !isDirectory && { mounted: true }),
    verdict: verdictOf(changes),
    changes,
    ...(fsType !== undefined && blindnessOf(fsType) && { fsType }),
  };
}

/** A place is compared with every watch. */
function askingOnce(questions: InotifyQuestions): InotifyQuestions {
  const handles = new Map<ByteString, ReturnType<InotifyQuestions['handleInRoot']>>();
  return {
    ...questions,
    handleInRoot: (pid, path) => {
      const known = handles.get(path) ?? questions.handleInRoot(pid, path);
      handles.set(path, known);
      return known;
    },
  };
}

function has(mask: number, bits: number): boolean {
  return (mask & bits) !== 0;
}

function nameOf(path: ByteString): ByteString {
  return path.slice(path.lastIndexOf('/') + 1);
}

function verdictOf(changes: readonly ExpectedChange[]): Expectation['verdict'] {
  const main = changes.filter(({ minor }) => !minor);
  const counted = main.length > 0 ? main : changes;
  if (counted.every(({ seen, once, only }) => seen && !once && !only)) return 'seen';
  return counted.some(({ seen }) => seen) ? 'partly' : 'not-seen';
}

/** Made with the system: nobody switches them. */
function isSystemLink(path: ByteString): boolean {
  return /^\/(?:bin|sbin|lib|lib32|lib64|libx32|tmp|var\/(?:run|lock|tmp))$/.test(path);
}
