/**
 * A tape: every question and its answer, as NDJSON that anybody can read. First line the header, then one array per answer
 * in the order asked, `[question, key, at, value]` or `[question, key, at, null, errno]`, and an end line with a checksum
 * over everything before it. Byte strings are JSON strings of their latin1 text. Since version 2 what was told before is not told
 * again: `[n, at]` is question, key and answer of line n of the answers (the first is 0) once more, and `[question, key, at, null, null, n]`
 * has the answer of that line.
 */
import type { ByteString, DiagSocket, DirectoryEntry, FileHandle, FileStat, HandlePath, HoldersFound, LockWords, MountSearch, PathLook, SocketProbe, UserNamespace, WatcherProgram } from './types.ts';

export const TAPE_VERSION = 2;
/** More answers no look gives; each takes memory however short its line is. */
export const MOST_ANSWERS = 2_000_000;

export interface TapeHeader {
  reloadctl: 'tape';
  version: number;
  /** Version of the reloadctl that recorded it. */
  tool: string;
  /** RFC 3339, UTC. */
  recordedAt: string;
  /** True when names and addresses are pseudonyms. */
  redacted: boolean;
  /** Where it was recorded: release of the kernel, name of the host. */
  host?: { kernel: string; hostname: string };
  /** So many rows of the longest table of sockets are not on it: those of programs that share no end with the target. */
  leftOut?: number;
  /** What the recording command wants to know again; not looked into here. */
  target: unknown;
}

export interface TapeEnd {
  end: true;
  answers: number;
  /** Of all bytes before this line, hexadecimal. */
  sha256: string;
}

/** What each question is answered with. */
export interface TapeValues {
  read: ByteString;
  readlink: ByteString;
  list: string[];
  size: number;
  readSlow: ByteString;
  statSlow: FileStat;
  sockDiag: DiagSocket[];
  sameDescription: boolean;
  isEpollTarget: boolean;
  probeSocket: SocketProbe;
  queueBytes: number;
  pathOfHandle: HandlePath;
  lookInRoot: PathLook;
  handleInRoot: FileHandle;
  listInRoot: DirectoryEntry[];
  searchMount: MountSearch;
  watcherProgram: WatcherProgram;
  findLinks: number[];
  countLinesSlow: number;
  descriptionOrder: number;
  userNamespaces: UserNamespace[];
  readAsUserOf: ByteString;
  startedAs: number;
  tryInstances: number;
  sockDiagOf: DiagSocket[];
  readAsNetOf: ByteString;
  reusesPort: boolean;
  holdersOf: HoldersFound;
  tidsOf: number[];
  pathAt: ByteString;
  polledAt: number[];
  lockAt: LockWords;
  /** What the wing `node` made of it: a look, and what a watch saw. */
  handles: object;
  /** What the wing `goroutines` made of the memory of a process. */
  goroutines: object;
  /** No question but a pause of so many ms: what is asked again after it may be answered differently. */
  sleep: number;
}

export type Question = keyof TapeValues;

/** One key per distinct question: what was asked, as text. */
export const keyOf = {
  statSlow: (directory: string, name: string): string => `${directory}/${name}`,
  sameDescription: (pid1: number, fd1: number, pid2: number, fd2: number): string => `${pid1}:${fd1}:${pid2}:${fd2}`,
  isEpollTarget: (pid: number, fd: number, epollFd: number, targetFd: number): string => `${pid}:${fd}:${epollFd}:${targetFd}`,
  probeSocket: (pid: number, fd: number): string => `${pid}:${fd}`,
  queueBytes: (pid: number, fd: number): string => `${pid}:${fd}`,
  pathOfHandle: (pid: number, mountPoint: ByteString, { type, bytes }: FileHandle): string => `${pid}:${type}:${bytes}:${mountPoint}`,
  inRoot: (pid: number, path: ByteString): string => `${pid}:${path}`,
  findLinks: (pid: number, texts: readonly ByteString[]): string => `${pid}:${texts.join(' ')}`,
  countLines: (path: string, start: ByteString): string => `${path}:${start}`,
  tryInstances: (wanted: number, uid: number | undefined): string => (uid === undefined ? String(wanted) : `${wanted}:${uid}`),
  sockDiagOf: (pid: number, part: string): string => `${pid}:${part}`,
  asNetOf: (pid: number, path: string): string => `${pid}:${path}`,
  reusesPort: (pid: number, fd: number): string => `${pid}:${fd}`,
  memory: (pid: number, address: string): string => `${pid}:${address}`,
  polled: (pid: number, address: string, count: number): string => `${pid}:${address}:${count}`,
  asUserOf: (pid: number, path: string): string => `${pid}:${path}`,
};

/** Where anybody can look the answer up, from question and key. */
export function sourceOf(question: Question, key: string): string {
  if (question === 'sockDiag') return `sock_diag ${key}`;
  if (question === 'sameDescription') return `kcmp KCMP_FILE ${key}`;
  if (question === 'isEpollTarget') return `kcmp KCMP_EPOLL_TFD ${key}`;
  if (question === 'probeSocket') return `pidfd_getfd ${key}`;
  if (question === 'queueBytes') return `FIONREAD ${key}`;
  if (question === 'pathOfHandle') return `open_by_handle_at ${key}`;
  if (question === 'lookInRoot' || question === 'listInRoot' || question === 'handleInRoot') return `/proc/${key.replace(':', '/root')}`;
  if (question === 'searchMount') return `find /proc/${key.replace(':', '/root')}`;
  if (question === 'watcherProgram') return `program of ${key}`;
  if (question === 'findLinks') return `/proc/${key.slice(0, key.indexOf(':'))}/fd`;
  if (question === 'countLinesSlow') return key.slice(0, key.indexOf(':'));
  if (question === 'descriptionOrder') return `kcmp KCMP_FILE ${key}`;
  if (question === 'startedAs') return `/proc/${key}/auxv`;
  if (question === 'tryInstances') return `inotify_init1 ${key} times`;
  if (question === 'goroutines') return `goroutines of ${key}`;
  if (question === 'handles') return `handles of ${key}`;
  if (question === 'userNamespaces') return `/proc/${key}/ns/user`;
  if (question === 'sockDiagOf') return `sock_diag ${key.slice(key.indexOf(':') + 1)} of ${key.slice(0, key.indexOf(':'))}`;
  if (question === 'reusesPort') return `SO_REUSEPORT ${key}`;
  if (question === 'tidsOf') return `/proc/${key}/task`;
  if (question === 'pathAt' || question === 'lockAt' || question === 'polledAt') return `/proc/${key.replace(':', '/mem at ')}`;
  if (question === 'holdersOf') return 'holders of listeners';
  if (question === 'readAsNetOf') return key.slice(key.indexOf(':') + 1);
  if (question === 'readAsUserOf') return `nsenter --user --target ${key.replace(':', ' cat ')}`;
  return key;
}

/** Checksum of the lines before the end line, each ended by a newline. */
export function checksum(text: string): string {
  return process.getBuiltinModule('node:crypto').createHash('sha256').update(text, 'utf8').digest('hex');
}

/** A tape, or a file meant to be one, that cannot be used. The message starts with the file and says what to do. */
export class TapeError extends Error {
  override readonly name = 'TapeError';
}
