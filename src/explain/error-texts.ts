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
const WATCHING = /inotify|watch(?!dog:|-config)/i;
/** Calls that have to do with descriptors or disks only. */
const OTHER_CALL = /\b(accept4?|socket|open(?:at)?|pipe2?|dup[23]?|dial|connect|epoll_create1?|eventfd|listen|fork\/exec|getaddrinfo|lookup)\b[^a-z]/i;
const DISK_CALL = /\b(write|open(?:at)?|mkdir|fsync|rename|copy(?:ing)?|truncate|fallocate|create)\b/i;

/** Undefined for a text that is about no limit we know. */
export function readError(text: string): Reading | undefined {
  const wording = WORDINGS.find(({ pattern }) => pattern.test(text));
  if (wording) {
    const { pattern: _, ...reading } = wording;
    return reading;
  }
  const watching = WATCHING.test(text);
  if (EMFILE.test(text)) {
    if (watching) return { call: INIT, limits: EITHER };
    const call = OTHER_CALL.exec(text.replaceAll(/too many open files/gi, ''))?.[1]?.toLowerCase();
    return call === undefined ? { limits: ['descriptors', 'instances'] } : { call: `${call}()`, limits: ['descriptors'] };
  }
  if (!ENOSPC.test(text)) return undefined;
  if (watching) return { call: ADD, limits: ['watches'] };
  return { limits: DISK_CALL.test(text) ? ['disk'] : ['disk', 'watches'] };
}
