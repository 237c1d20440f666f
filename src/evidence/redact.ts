/**
 * Pseudonymisation of tapes: names and addresses are replaced, while groups, counts, ports, digit runs, classes of addresses
 * and equality stay, so that the analysis of the tape comes to the same findings.
 */
import { redactEndpoint } from './redact-address.ts';
import { redactCgroupPath } from './redact-cgroup.ts';
import { redactFile } from './redact-files.ts';
import { redactGoroutines } from './redact-goroutines.ts';
import { redactHandles } from './redact-handles.ts';
import { redactPath } from './redact-path.ts';
import { redactText, redactUnixName } from './redact-tables.ts';
import { openWords, type Words } from './redact-words.ts';
import type { Question, TapeValues } from './tape-format.ts';
import type { ByteString, DiagSocket, DirectoryEntry, SocketProbe } from './types.ts';

export interface Redactor {
  /** The key of a question, as the analysis will ask it when it knows the redacted answers only. */
  key(question: Question, key: string): string;
  /** An answer; `key` is that of the true question. */
  value<Q extends Question>(question: Q, key: string, value: TapeValues[Q]): TapeValues[Q];
  /** Any other text that goes with the tape: labels, host names, what the user typed. */
  text(text: string): string;
}

type Rules = { [Q in Question]: (words: Words, key: string, value: TapeValues[Q]) => TapeValues[Q] };

/** Names of /proc and /sys that come from the kernel and from numbers; what lies behind a root or cwd link does not. */
const KERNEL_KEY = /^\/(?:proc|sys)\/(?!fs\/)/;
const THROUGH_TARGET = /^\/proc\/(?:\d+|self)\/(?:task\/\d+\/)?(?:root|cwd)\//;

const redactKey = (words: Words, key: string): string => {
  const through = THROUGH_TARGET.exec(key)?.[0];
  if (through !== undefined) return through + redactPath(words, `/${key.slice(through.length)}`).slice(1);
  return KERNEL_KEY.test(key) ? key : redactPath(words, key);
};

const redactEntries = (words: Words, key: string, names: string[]): string[] => {
  if (key.startsWith('/sys/fs/cgroup')) return names.map((name) => redactCgroupPath(words, name));
  if (KERNEL_KEY.test(key) && !THROUGH_TARGET.test(key)) return names;
  return names.map((name) => redactPath(words, `${key}/${name}`).split('/').pop() ?? '');
};

const redactLocal = <T extends SocketProbe>(words: Words, socket: T): T => {
  if (socket.local === undefined) return socket;
  const isName = /^[@/]/.test(socket.local);
  return { ...socket, local: isName ? redactUnixName(words, socket.local) : redactEndpoint(words, socket.local) };
};

const redactDiag = (words: Words, socket: DiagSocket): DiagSocket => ({
  ...socket,
  ...(socket.local === undefined ? {} : { local: redactEndpoint(words, socket.local) }),
  ...(socket.remote === undefined ? {} : { remote: redactEndpoint(words, socket.remote) }),
});

/** Names as they are in the path of the whole: a directory and its entries must fit together. */
const redactBelow = (words: Words, key: string, entries: DirectoryEntry[]): DirectoryEntry[] => {
  const directory = afterColon(key);
  return entries.map((entry) => ({ ...entry, name: redactPath(words, `${directory}/${entry.name}`).split('/').pop() ?? '' }));
};

/** A relative link is told apart from an absolute one, and `..` stays what it is. */
const redactLink = (words: Words, link: ByteString): ByteString =>
  link.split('/').map((part) => (part === '..' || part === '.' ? part : redactPath(words, part))).join('/');

const afterColon = (key: string): string => key.slice(key.indexOf(':') + 1);

const RULES: Rules = {
  read: redactFile,
  readSlow: redactFile,
  readlink: (words, _key, link) => redactPath(words, link),
  list: redactEntries,
  size: (_words, _key, size) => size,
  statSlow: (_words, _key, stat) => stat,
  sockDiag: (words, _key, sockets) => sockets.map((socket) => redactDiag(words, socket)),
  sameDescription: (_words, _key, same) => same,
  isEpollTarget: (_words, _key, same) => same,
  probeSocket: (words, _key, probe) => redactLocal(words, probe),
  queueBytes: (_words, _key, bytes) => bytes,
  pathOfHandle: (words, _key, { path, ...rest }) => ({ path: redactPath(words, path), ...rest }),
  handleInRoot: (_words, _key, handle) => handle,
  lookInRoot: (words, _key, { link, ...rest }) => ({
    ...rest,
    ...(link !== undefined && { link: link.startsWith('/') ? redactPath(words, link) : redactLink(words, link) }),
  }),
  listInRoot: redactBelow,
  searchMount: (words, _key, { found, ...rest }) => ({ ...rest, found: found.map(({ path, ...one }) => ({ ...one, path: redactLink(words, path) })) }),
  watcherProgram: (_words, _key, program) => program,
  findLinks: (_words, _key, numbers) => numbers,
  countLinesSlow: (_words, _key, count) => count,
  descriptionOrder: (_words, _key, order) => order,
  userNamespaces: (_words, _key, chain) => chain,
  startedAs: (_words, _key, uid) => uid,
  tryInstances: (_words, _key, made) => made,
  sockDiagOf: (words, _key, sockets) => sockets.map((socket) => redactDiag(words, socket)),
  readAsNetOf: (words, key, text) => redactFile(words, afterColon(key), text),
  reusesPort: (_words, _key, reuses) => reuses,
  holdersOf: (_words, _key, found) => found,
  readAsUserOf: (words, key, text) => redactFile(words, afterColon(key), text),
  tidsOf: (_words, _key, tids) => tids,
  pathAt: (words, _key, path) => (path.startsWith('/') ? redactPath(words, path) : redactLink(words, path)),
  polledAt: (_words, _key, fds) => fds,
  lockAt: (_words, _key, lock) => lock,
  handles: (words, _key, value) => redactHandles(words, value),
  goroutines: (words, _key, value) => redactGoroutines(words, value),
  sleep: (_words, _key, ms) => ms,
};

const PATH_QUESTIONS = new Set<Question>(['read', 'readlink', 'list', 'size', 'readSlow', 'statSlow']);

/** Questions whose key ends in a path. */
const PATH_BEHIND: Partial<Record<Question, RegExp>> = {
  pathOfHandle: /^(\d+:\d+:[0-9a-f]*:)([\s\S]*)$/,
  lookInRoot: /^(\d+:)([\s\S]*)$/,
  handleInRoot: /^(\d+:)([\s\S]*)$/,
  listInRoot: /^(\d+:)([\s\S]*)$/,
  searchMount: /^(\d+:)([\s\S]*)$/,
};

/** @param key 32 secret bytes; fresh ones unless told, and never stored: nobody can compare names of two tapes */
export function openRedactor(key: Buffer = process.getBuiltinModule('node:crypto').randomBytes(32)): Redactor {
  const words = openWords(key);
  return {
    key: (question, text) => {
      if (PATH_QUESTIONS.has(question)) return redactKey(words, text);
      const path = PATH_BEHIND[question];
      return path === undefined ? text : text.replace(path, (_all, head: string, rest: string) => head + redactPath(words, rest));
    },
    value: (question, text, value) => RULES[question](words, text, value),
    text: (text) => redactText(words, text),
  };
}
