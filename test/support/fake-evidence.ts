/** Evidence out of plain maps. What is not in them is ENOENT; an answer may also be an errno, or a function of the call's number. */
import type { Answer, ByteString, DiagSocket, Evidence, FileStat, SocketProbe, TreeCount, UserNamespace } from '../../src/evidence/types.ts';

/** An errno as an answer: `refused('EACCES')`. */
export class Refusal {
  readonly errno: string;

  constructor(errno: string) {
    this.errno = errno;
  }
}

export function refused(errno: string): Refusal {
  return new Refusal(errno);
}

/** `call` is 1 for the first time this very question is asked: a function here makes races. */
export type Given<T> = T | Refusal | ((call: number) => T | Refusal);
type Answers<T> = Record<string, Given<T>>;

export interface World {
  /** Files, for class A and class B reads alike. */
  files?: Answers<ByteString>;
  links?: Answers<ByteString>;
  lists?: Answers<string[]>;
  sizes?: Answers<number>;
  /** By `directory/name`. */
  stats?: Answers<FileStat>;
  /** By `tcp` and `unix`. Native questions that are not here are ENOTSUP. */
  sockDiag?: Answers<DiagSocket[]>;
  /** By `pid:fd:otherPid:otherFd`. */
  sameDescription?: Answers<boolean>;
  /** By `pid:fd:epollFd:targetFd`. */
  epollTargets?: Answers<boolean>;
  /** By `pid:fd`. */
  probes?: Answers<SocketProbe>;
  /** By `pid:fd:otherPid:otherFd`: 0 for the same description, else -1 or 1. */
  orders?: Answers<number>;
  /** By pid. */
  userNamespaces?: Answers<UserNamespace[]>;
  /** By `pid:path`. */
  asUserOf?: Answers<ByteString>;
  /** By pid: its effective user when its program began. */
  startedAs?: Answers<number>;
  /** By how many were wanted, or `wanted:uid` as another user: how many there could be. */
  tried?: Answers<number>;
  triedWatches?: Answers<number>;
  /** By path. */
  trees?: Answers<TreeCount>;
  /** By path. */
  realPaths?: Answers<string>;
  /** Told of every question before it is answered: `read /proc/1/stat`. May change the world. */
  asked?: (question: string) => void;
}

export interface FakeEvidence extends Evidence {
  /** Every question so far, in order. */
  readonly asked: string[];
}

export function fakeEvidence(world: World): FakeEvidence {
  const asked: string[] = [];
  const calls = new Map<string, number>();
  let clock = 0;
  const answer = <T>(question: string, given: Answers<T> | undefined, key: string, missing: string): Answer<T> => {
    const name = `${question} ${key}`;
    asked.push(name);
    world.asked?.(name);
    const call = (calls.get(name) ?? 0) + 1;
    calls.set(name, call);
    const found = given !== undefined && Object.hasOwn(given, key) ? given[key] : undefined;
    const value = typeof found === 'function' ? (found as (call: number) => T | Refusal)(call) : found;
    if (value === undefined) return { errno: missing, at: clock, source: key };
    return value instanceof Refusal ? { errno: value.errno, at: clock, source: key } : { value, at: clock, source: key };
  };
  return {
    origin: 'live',
    asked,
    now: () => clock,
    sleep: async (ms) => {
      asked.push(`sleep ${ms}`);
      world.asked?.(`sleep ${ms}`);
      clock += ms;
    },
    read: (path) => answer('read', world.files, path, 'ENOENT'),
    readlink: (path) => answer('readlink', world.links, path, 'ENOENT'),
    list: (path) => answer('list', world.lists, path, 'ENOENT'),
    size: (path) => answer('size', world.sizes, path, 'ENOENT'),
    readSlow: async (paths) => paths.map((path) => answer('readSlow', world.files, path, 'ENOENT')),
    statSlow: async (directory, names) => names.map((name) => answer('statSlow', world.stats, `${directory}/${name}`, 'ENOENT')),
    sockDiag: (family) => answer('sockDiag', world.sockDiag, family, 'ENOTSUP'),
    sameDescription: (...key) => answer('sameDescription', world.sameDescription, key.join(':'), 'ENOTSUP'),
    isEpollTarget: (...key) => answer('isEpollTarget', world.epollTargets, key.join(':'), 'ENOTSUP'),
    probeSocket: (...key) => answer('probeSocket', world.probes, key.join(':'), 'ENOTSUP'),
    users: {
      findLinks: (pid, texts) => {
        const { value, ...rest } = answer('findLinks', world.lists, `/proc/${pid}/fd`, 'ENOENT');
        const isWanted = (fd: string): boolean => texts.includes(String(world.links?.[`/proc/${pid}/fd/${fd}`]));
        return value === undefined ? rest : { ...rest, value: value.filter(isWanted).map(Number) };
      },
      countLinesSlow: async (paths, start) =>
        paths.map((path) => {
          const { value, ...rest } = answer('countLinesSlow', world.files, path, 'ENOENT');
          return value === undefined ? rest : { ...rest, value: value.split('\n').filter((line) => line.startsWith(start)).length };
        }),
      descriptionOrder: (...key) => answer('descriptionOrder', world.orders, key.join(':'), 'ENOTSUP'),
      userNamespaces: (pid) => answer('userNamespaces', world.userNamespaces, String(pid), 'ENOTSUP'),
      startedAs: (pid) => answer('startedAs', world.startedAs, String(pid), 'ENOENT'),
      tryInstances: (wanted, uid) => answer('tryInstances', world.tried, uid === undefined ? String(wanted) : `${wanted}:${uid}`, 'ENOTSUP'),
      tryWatches: (wanted, uid) => answer('tryWatches', world.triedWatches, uid === undefined ? String(wanted) : `${wanted}:${uid}`, 'ENOTSUP'),
      readAsUserOf: async (pid, paths) => paths.map((path) => answer('readAsUserOf', world.asUserOf, `${pid}:${path}`, 'EPERM')),
      realPaths: async (paths) => paths.map((path) => answer('realPaths', world.realPaths, path, 'ENOENT')),
      countTree: async ({ path }) => answer('countTree', world.trees, path, 'ENOENT'),
    },
    close: () => false,
  };
}
