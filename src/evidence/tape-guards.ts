/** Is this JSON value an answer to that question? */
import type { Question, TapeValues } from './tape-format.ts';

type Guard = (value: unknown) => boolean;

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Text of one-byte characters only. */
export function isByteString(value: unknown): value is string {
  return typeof value === 'string' && !/[^\x00-\xff]/.test(value);
}

const isNumber: Guard = (value) => typeof value === 'number' && Number.isFinite(value);
const isBoolean: Guard = (value) => typeof value === 'boolean';
const isStrings: Guard = (value) => Array.isArray(value) && value.every(isByteString);
const optional = (guard: Guard): Guard => (value) => value === undefined || guard(value);

/** An object with these members; others are let through, so that a later version may add some. */
const shape = (members: Record<string, Guard>): Guard => {
  const entries = Object.entries(members);
  return (value) => isRecord(value) && entries.every(([name, guard]) => guard(value[name]));
};

const isFileStat = shape({
  dev: isByteString,
  ino: isByteString,
  mode: isNumber,
  nlink: isNumber,
  size: isNumber,
  allocatedBytes: isNumber,
  changedMs: optional(isNumber),
});

const isDiagSocket = shape({
  protocol: (value) => ['tcp', 'tcp6', 'unix'].includes(value as string),
  state: isNumber,
  inode: isByteString,
  local: optional(isByteString),
  remote: optional(isByteString),
  receiveQueue: isNumber,
  sendQueue: isNumber,
  lastSentMs: optional(isNumber),
  lastReceivedMs: optional(isNumber),
  v6Only: optional(isBoolean),
  peerInode: optional(isByteString),
  pendingInodes: optional(isStrings),
});

const isSocketProbe = shape({
  domain: isNumber,
  type: isNumber,
  protocol: isNumber,
  listening: isBoolean,
  local: optional(isByteString),
  tcp: optional(shape({ state: isNumber, segmentsIn: isNumber, segmentsOut: isNumber, bytesReceived: isNumber, bytesAcked: isNumber })),
  netns: optional(isByteString),
});

const isDirectoryEntry = shape({
  name: isByteString,
  ino: isByteString,
  type: (value) => ['directory', 'file', 'link', 'other', 'unknown'].includes(value as string),
});

const isFoundPath = shape({ path: isByteString, dev: isByteString, ino: isByteString, directory: isBoolean });
const isHolder = shape({ pid: isNumber, fd: isNumber, inode: isByteString });

const isPackage = shape({ name: isByteString, version: isByteString, loaded: optional(isBoolean) });

const isUserNamespace = shape({ id: isByteString, ownerUid: isNumber });

const GUARDS: Record<Question, Guard> = {
  read: isByteString,
  readlink: isByteString,
  list: isStrings,
  size: isNumber,
  readSlow: isByteString,
  statSlow: isFileStat,
  sockDiag: (value) => Array.isArray(value) && value.every(isDiagSocket),
  sameDescription: isBoolean,
  isEpollTarget: isBoolean,
  probeSocket: isSocketProbe,
  queueBytes: isNumber,
  pathOfHandle: shape({ path: isByteString, directory: isBoolean, unlinked: optional(isBoolean) }),
  handleInRoot: shape({ type: isNumber, bytes: isByteString }),
  lookInRoot: shape({ stat: isFileStat, link: optional(isByteString), bornMs: optional(isNumber), changedMs: optional(isNumber) }),
  listInRoot: (value) => Array.isArray(value) && value.every(isDirectoryEntry),
  searchMount: shape({ found: (value) => Array.isArray(value) && value.every(isFoundPath), dev: optional(isByteString), entries: isNumber, whole: isBoolean }),
  watcherProgram: shape({ runtime: optional(isByteString), words: isStrings, packages: (value) => Array.isArray(value) && value.every(isPackage) }),
  findLinks: (value) => Array.isArray(value) && value.every(isNumber),
  countLinesSlow: isNumber,
  descriptionOrder: isNumber,
  userNamespaces: (value) => Array.isArray(value) && value.every(isUserNamespace),
  readAsUserOf: isByteString,
  startedAs: isNumber,
  tryInstances: isNumber,
  tidsOf: (value) => Array.isArray(value) && value.every(isNumber),
  pathAt: isByteString,
  polledAt: (value) => Array.isArray(value) && value.every(isNumber),
  lockAt: shape({ owner: isNumber }),
  sockDiagOf: (value) => Array.isArray(value) && value.every(isDiagSocket),
  readAsNetOf: isByteString,
  reusesPort: isBoolean,
  holdersOf: shape({ holders: (value) => Array.isArray(value) && value.every(isHolder), seen: isNumber, denied: isNumber, stopped: optional(isBoolean) }),
  handles: isRecord,
  goroutines: isRecord,
  sleep: isNumber,
};

export function isQuestion(value: unknown): value is Question {
  return typeof value === 'string' && Object.hasOwn(GUARDS, value);
}

export function valueMatches(question: Question, value: unknown): value is TapeValues[Question] {
  return GUARDS[question](value);
}
