/** How much of each kind may be open at an exit before it is a leak. */
import type { Fd } from '../kernel/types.ts';
import type { OpenClass } from './model.ts';

/**
 * A process that ends leaves some things to the kernel on purpose, and is right: what it opens once, pools of connections, the event
 * loop of its runtime, the archives its classes come from. Less than these is its own business.
 */
const USUAL: Record<OpenClass, number> = {
  file: 3,
  'program-file': 63,
  // As many as PostgreSQL keeps open in each of its processes (max_files_per_process).
  'data-file': 1000,
  directory: 3,
  socket: 7,
  // A pool whose server ended a moment ago looks so, too: at an exit nobody can tell since when.
  'closed-by-peer': 15,
  connection: 15,
  listener: 7,
  pipe: 15,
  device: 15,
  memory: 7,
  event: 15,
  inotify: 3,
  other: 15,
};

/** A server ends with its workers, which are a few of each line; of what a test leaves, each one is a leak. */
const USUAL_GOROUTINES = 15;
const USUAL_WATCHES = 15;

export interface Budgets {
  most(kind: OpenClass): { most: number; isAsked: boolean };
  goroutines(isTest: boolean): { most: number; isAsked: boolean };
  /** Of inotify. */
  watches: { most: number; isAsked: boolean };
}

/**
 * @param asked by a policy: of each kind so many may be open in each group
 * @param ofAll the same for all kinds that the policy does not name
 */
export function budgetsOf(asked: Partial<Record<string, number>>, ofAll?: number): Budgets {
  const budget = (kind: string, usual: number) => {
    const own = asked[kind] ?? ofAll;
    return own === undefined ? { most: usual, isAsked: false } : { most: own, isAsked: true };
  };
  return { most: (kind) => budget(kind, USUAL[kind]), goroutines: (isTest) => budget('goroutine', isTest ? 0 : USUAL_GOROUTINES), watches: budget('watch', USUAL_WATCHES) };
}

const EVENTS = new Set(['epoll', 'eventfd', 'timerfd', 'signalfd', 'pidfd', 'io_uring', 'io-uring', 'userfaultfd']);
/** What programs are made of, and hold open while they run. */
const PROGRAM_FILE = /\.(?:jar|jmod|war|ear|zip|whl|egg|pyz|pyc|so|so\.[\d.]+|node|wasm|asar|pack|idx|rlib|rmeta|a|dll|ttf|otf|pak|dat|bin|mo|gresource|snapshot)$/;
/** Tables and logs of databases, which keep open what they opened, each once: relations of PostgreSQL, and what RocksDB, LevelDB, InnoDB, WiredTiger and Lucene write. */
const DATA_FILE = /\/(?:base\/\d+|global|pg_tblspc\/\d+\/PG_\w+\/\d+)\/(?:t\d+_)?\d+(?:_fsm|_vm|_init)?(?:\.\d+)?$|\/pg_(?:wal|xact|multixact\/\w+|subtrans|commit_ts)\/[0-9A-F]{4,}$|\.(?:sst|ldb|ibd|wt|cf[es]|fd[tx]|ti[mp])$/;
const PROGRAM_PLACE = /^\/(?:usr|lib|lib64|opt|nix|snap|proc|sys)\//;

export function classOf({ kind, link, detail }: Fd): OpenClass {
  if (kind === 'file') return PROGRAM_FILE.test(link) || PROGRAM_PLACE.test(link) ? 'program-file' : DATA_FILE.test(link) ? 'data-file' : 'file';
  if (kind === 'directory') return 'directory';
  if (kind === 'socket') return classOfSocket((detail as { row?: { state: string; protocol: string } }).row);
  if (kind === 'pipe') return 'pipe';
  if (kind === 'tty' || kind === 'device') return 'device';
  if (kind === 'memfd' || kind === 'dma-buf') return 'memory';
  if (kind === 'inotify' || kind === 'fanotify') return 'inotify';
  return EVENTS.has(kind) ? 'event' : 'other';
}

function classOfSocket(row: { state: string; protocol: string } | undefined): OpenClass {
  if (!row || row.protocol === 'unix') return row?.state === 'LISTEN' ? 'listener' : 'connection';
  if (row.state === 'LISTEN') return 'listener';
  if (row.state === 'CLOSE_WAIT') return 'closed-by-peer';
  return row.state === 'ESTABLISHED' ? 'connection' : 'socket';
}
