/**
 * What an error text says of the limit behind it. One errno stands for several limits: EMFILE of inotify_init() is that of the user's
 * instances or of the process's descriptors, ENOSPC of inotify_add_watch() has nothing to do with the disk.
 */

export type Limit = 'watches' | 'instances' | 'descriptors' | 'host-files' | 'disk';

export interface Reading {
  /** Who words it so, where that can be told. */
  program?: string;
  /** The call that failed, where that can be told. */
  call?: string;
  /** Likeliest first, at least one. */
  limits: readonly Limit[];
}

interface Wording extends Reading {
  pattern: RegExp;
}

const INIT = 'inotify_init()';
const ADD = 'inotify_add_watch()';
const EITHER: readonly Limit[] = ['instances', 'descriptors'];

/** Said by one program in one way. Before the general ones, the first that fits counts. */
const WORDINGS: readonly Wording[] = [
  { pattern: /too many open files in system|\bENFILE\b/i, limits: ['host-files'] },
  { pattern: /system limit for number of file watchers reached/i, program: 'Node.js', call: ADD, limits: ['watches'] },
  { pattern: /EMFILE: too many open files, watch/i, program: 'Node.js', call: INIT, limits: EITHER },
  { pattern: /unable to watch for file changes in this large workspace/i, program: 'VS Code', call: ADD, limits: ['watches'] },
  { pattern: /upper limit on inotify watches reached/i, program: 'inotifywait', call: ADD, limits: ['watches'] },
  { pattern: /couldn't initialize inotify/i, program: 'inotifywait', call: INIT, limits: EITHER },
  { pattern: /user limit on the total number of inotify watches|inotify-add-watch\(/i, program: 'watchman', call: ADD, limits: ['watches'] },
  { pattern: /fs\.inotify\.max_user_instances|inotify-init/i, program: 'watchman', call: INIT, limits: EITHER },
  { pattern: /failed to create fsnotify watcher/i, program: 'kubectl', call: INIT, limits: EITHER },
  { pattern: /failed to allocate directory watch/i, program: 'systemd', call: INIT, limits: EITHER },
  { pattern: /failed to add .*inotify watch.*no space left/i, program: 'systemd', call: ADD, limits: ['watches'] },
  { pattern: /inotify resources exhausted|inotify cannot be used, reverting to polling: no space left/i, program: 'tail', call: ADD, limits: ['watches'] },
  { pattern: /inotify cannot be used, reverting to polling/i, program: 'tail', call: INIT, limits: EITHER },
  { pattern: /configured user limit .*number of inotify instances/i, program: '.NET', call: INIT, limits: EITHER },
  { pattern: /configured user limit .*number of inotify watches/i, program: '.NET', call: ADD, limits: ['watches'] },
  { pattern: /user limit of inotify instances reached/i, program: 'Java', call: INIT, limits: EITHER },
  { pattern: /user limit of inotify watches reached/i, program: 'Java', call: ADD, limits: ['watches'] },
  { pattern: /inotify instance limit reached/i, program: 'watchdog (Python)', call: INIT, limits: EITHER },
  { pattern: /inotify watch limit reached/i, program: 'watchdog (Python)', call: ADD, limits: ['watches'] },
  { pattern: /os file watch limit reached/i, program: 'notify (Rust)', call: ADD, limits: ['watches'] },
  { pattern: /fsnotify: (?:initializing inotify|.*inotify_init)|fsnotify.*too many open files/i, program: 'fsnotify (Go)', call: INIT, limits: EITHER },
  { pattern: /fsnotify.*no space left on device/i, program: 'fsnotify (Go)', call: ADD, limits: ['watches'] },
];

const EMFILE = /too many open files|\bEMFILE\b|\berrno[ =:]*24\b/i;
const ENOSPC = /no space left on device|\bENOSPC\b|\berrno[ =:]*28\b/i;

/** What a text says in passing of files is no call and no watching: a path `/srv/watch/data.db` is data like any other. */
const QUOTED_PATH = /(["'`])(?:~|\.{0,2})\/[^"'`]*\1|‘(?:~|\.{0,2})\/[^‘’]*’/g;
/** Only from the begin of a word: a long one is looked through once. */
const PATH = /(?<![^\s:,;=()[\]{}"'`])[^\s:,;=()[\]{}"'`/]*\/[^\s:,;()[\]{}"'`]*/g;
/** An error text is shorter; a whole log is none. */
const MOST_TEXT = 16_384;
/** EMFILE as musl words it (each Alpine image), and as all others do. */
const MUSL = /\bno file descriptors available\b/gi;
const ERRNO_WORDS = /too many open files|no space left on device/gi;

/** Calls that give a descriptor, and those that need room on a disk. */
const FD_CALL = 'accept4?|socket(?:pair)?|open(?:at2?)?|opendir|scandir|pipe2?|dup[23]?|dial|connect|epoll_create1?|eventfd2?|timerfd_create|signalfd4?|memfd_create|listen|fork|exec|spawn|getaddrinfo|lookup';
const DISK_CALL = 'p?writev?(?:64)?|open(?:at2?)?|mkdir(?:at)?|mkdtemp|mkstemp|f(?:data)?sync|rename(?:at2?)?|copyfile|f?truncate(?:64)?|fallocate|link|symlink|sendfile';
/** The same told in words, wherever they stand: `error writing`, `cannot create directory`. */
const DISK_WORDS = /\b(?:writ(?:e|ing|ten)|creat(?:e|ing)|copy(?:ing)?|saving|save|mkdir|rename|fsync|truncate|fallocate)\b/i;
/** inotify itself is named: no name of a program or a folder would be so. */
const INOTIFY_CALL = /\binotify[_-](init|add)/i;
/** One word about watching, of letters only: with dashes or dots in it, it is some name (`watch-api`, `watch.js`). */
const WATCHING_WORD = /^[a-z]*watch(?:e[drs]|ers|ing)?$/i;

/** Undefined for a text that is about no limit we know. */
export function readError(text: string): Reading | undefined {
  // Go words a call of its own so; else it would be a path.
  const plain = text.slice(0, MOST_TEXT).replaceAll('fork/exec', 'exec').replace(MUSL, 'too many open files').replace(QUOTED_PATH, '/').replace(PATH, '/');
  const wording = WORDINGS.find(({ pattern }) => pattern.test(plain));
  if (wording) {
    const { pattern: _, ...reading } = wording;
    return reading;
  }
  const words = plain.replace(ERRNO_WORDS, '');
  const watching = watchingIn(words);
  if (EMFILE.test(plain)) {
    if (watching === 'call') return { call: INIT, limits: EITHER };
    const call = callIn(words, FD_CALL);
    if (call !== undefined) return { call: `${call}()`, limits: ['descriptors'] };
    return watching ? { call: INIT, limits: EITHER } : { limits: ['descriptors', 'instances'] };
  }
  if (!ENOSPC.test(plain)) return undefined;
  if (watching === 'call') return { call: ADD, limits: ['watches'] };
  const call = callIn(words, DISK_CALL);
  if (call !== undefined) return { call: `${call}()`, limits: ['disk'] };
  if (watching === 'inotify') return { call: ADD, limits: ['watches'] };
  // That word alone proves nothing: a watcher writes logs, too.
  if (watching === 'word') return { limits: ['watches', 'disk'] };
  return { limits: DISK_WORDS.test(words) ? ['disk'] : ['disk', 'watches'] };
}

/** `call`: an inotify call is named, or `watch` stands where errors name the call; `inotify`, `word`: it, or watching, is spoken of. */
function watchingIn(words: string): 'call' | 'inotify' | 'word' | undefined {
  if (INOTIFY_CALL.test(words) || callIn(words, 'watch') !== undefined) return 'call';
  const spoken = words.split(/[^\w.@-]+/).map((word) => word.replace(/[.-]+$/, ''));
  if (spoken.some((word) => /^inotify$/i.test(word))) return 'inotify';
  return spoken.some((word) => WATCHING_WORD.test(word)) ? 'word' : undefined;
}

/**
 * A call where errors name it: before a path, an address, brackets or a colon (Go, C, nginx), before an errno or behind the last comma
 * (Node).
 */
function callIn(words: string, calls: string): string | undefined {
  const before = '(?:\\(\\)|:| *\\/| +["\'`‘]| +(?:tcp|udp|unix)\\b| +(?:\\/ +)?E[A-Z]{3,})';
  const place = new RegExp(`\\b(${calls})(?=${before})|, +(${calls})\\s*$`, 'im');
  const found = place.exec(words);
  return (found?.[1] ?? found?.[2])?.toLowerCase();
}
