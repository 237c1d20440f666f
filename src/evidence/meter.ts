/** Evidence that counts the questions that pass through it, and how long the target was held by those that take a lock of it. */
import type { PackedLinks } from './packed-links.ts';
import type { Answer, ByteString, Errno, Evidence, FileStat, LinkAnswers, LinkWalk } from './types.ts';

/** What holds something of the target: a lock while its answer is made, or a copy of its socket. */
export type Hold = 'fdinfo' | 'kcmp' | 'pidfd_getfd';

export interface HoldTimes {
  count: number;
  /**
   * At most this long at a time, ms: from question to answer, and of files from the start of the child that reads them to its end,
   * all of one child together.
   */
  longestMs: number;
}

/** What this process has used since it was started. */
export interface OwnCost {
  wallMs: number;
  cpuMs: number;
  /** Of children that have ended, in steps of 10 ms; null where it cannot be read. */
  childCpuMs: number | null;
  /** Most memory it had at a time. */
  peakBytes: number;
}

export interface MeteredEvidence {
  evidence: Evidence;
  cost(): OwnCost;
  /** Questions asked so far, by name: `readlink` 19,000. */
  questions(): Record<string, number>;
  holds(): Partial<Record<Hold, HoldTimes>>;
}

/** Files of others that are made while a lock of their epoll or inotify instance is held: fs/eventpoll.c ep_show_fdinfo(). */
const FDINFO = /\/fdinfo\//;

export function meterEvidence(inner: Evidence): MeteredEvidence {
  const counts = new Map<string, number>();
  const holds = new Map<Hold, HoldTimes>();
  const count = (question: string, times: number): void => void counts.set(question, (counts.get(question) ?? 0) + times);
  const held = (hold: Hold, since: number): void => {
    const { count: before, longestMs } = holds.get(hold) ?? { count: 0, longestMs: 0 };
    holds.set(hold, { count: before + 1, longestMs: Math.max(longestMs, performance.now() - since) });
  };
  let isWarm = false;
  /** The first native call loads what it is made through: that is not the target's time. */
  const warmUp = (): void => {
    if (!isWarm) inner.sameDescription(process.pid, 0, process.pid, 0);
    isWarm = true;
  };
  const timed = <T>(question: string, hold: Hold, ask: () => Answer<T>): Answer<T> => {
    warmUp();
    count(question, 1);
    const since = performance.now();
    const answer = ask();
    if (answer.errno !== 'ENOTSUP') held(hold, since);
    return answer;
  };
  const own: Partial<Evidence> = {
    ...(inner.readlinks && {
      readlinks: (directory: string, numbers: readonly number[]): LinkAnswers => {
        count('readlink', numbers.length);
        return inner.readlinks!(directory, numbers);
      },
    }),
    ...(inner.packLinks && {
      packLinks: (directory: string, numbers: readonly number[], into: PackedLinks): Map<number, Errno> => {
        count('readlink', numbers.length);
        return inner.packLinks!(directory, numbers, into);
      },
    }),
    ...(inner.walkLinks && {
      walkLinks: (directory: string, open: number, into: PackedLinks): LinkWalk | undefined => {
        const walk = inner.walkLinks!(directory, open, into);
        return walk && countingWalk(walk, into, count);
      },
    }),
    readSlow: async (paths: readonly string[]): Promise<Answer<ByteString>[]> => {
      count('readSlow', paths.length);
      const since = performance.now();
      const answers = await inner.readSlow(paths);
      if (paths.some((path) => FDINFO.test(path))) held('fdinfo', since);
      return answers;
    },
    statSlow: (directory: string, names: readonly string[]): Promise<Answer<FileStat>[]> => {
      count('statSlow', names.length);
      return inner.statSlow(directory, names);
    },
    sameDescription: (...args) => timed('sameDescription', 'kcmp', () => inner.sameDescription(...args)),
    isEpollTarget: (...args) => timed('isEpollTarget', 'kcmp', () => inner.isEpollTarget(...args)),
    probeSocket: (...args) => timed('probeSocket', 'pidfd_getfd', () => inner.probeSocket(...args)),
  };
  return {
    evidence: counting(inner, own, count),
    questions: () => Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1))),
    holds: () => Object.fromEntries(holds),
    cost: () => ownCost(inner),
  };
}

/** Ticks of times in /proc/PID/stat, the same on all machines that we know. */
const TICK_MS = 10;

function ownCost(evidence: Evidence): OwnCost {
  const { user, system } = process.cpuUsage();
  const { value: stat = '' } = evidence.read('/proc/self/stat');
  // Fields 16 and 17, counted from behind the name, which is the second.
  const [cutime, cstime] = stat.slice(stat.lastIndexOf(')') + 2).split(' ').slice(13, 15).map(Number);
  const ticks = (cutime ?? Number.NaN) + (cstime ?? Number.NaN);
  return {
    wallMs: process.uptime() * 1000,
    cpuMs: (user + system) / 1000,
    childCpuMs: Number.isNaN(ticks) ? null : ticks * TICK_MS,
    peakBytes: process.resourceUsage().maxRSS * 1024,
  };
}

function countingWalk(walk: LinkWalk, into: PackedLinks, count: (question: string, times: number) => void): LinkWalk {
  return {
    next: (most) => {
      const before = into.size;
      const isMore = walk.next(most);
      count('readlink', into.size - before);
      return isMore;
    },
    get isWhole() {
      return walk.isWhole;
    },
    errnos: walk.errnos,
    close: () => walk.close(),
  };
}

/** What is about ourselves, and no question to the world. */
const NO_QUESTIONS = new Set(['now', 'sleep', 'close']);

/** The same object, but for what `own` has; calls of the rest are counted, those of groups of questions in it too. */
function counting<T extends object>(inner: T, own: Partial<T>, count: (question: string, times: number) => void): T {
  const made = new Map<string | symbol, unknown>();
  const make = (name: string | symbol): unknown => {
    if (Object.hasOwn(own, name)) return own[name as keyof T];
    const value: unknown = Reflect.get(inner, name, inner);
    if (typeof value === 'function' && typeof name === 'string') {
      return (...args: unknown[]): unknown => {
        if (!NO_QUESTIONS.has(name)) count(name, 1);
        return value.apply(inner, args) as unknown;
      };
    }
    return typeof value === 'object' && value !== null ? counting(value, {}, count) : value;
  };
  return new Proxy(inner, {
    get(_, name) {
      if (!made.has(name)) made.set(name, make(name));
      return made.get(name);
    },
  });
}
