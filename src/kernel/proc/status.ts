/** /proc/PID/status, kernel fs/proc/array.c proc_pid_status. */
import type { ByteString } from '../../evidence/types.ts';
import { parseNumber, words } from './scan.ts';

const TAB = 9;

export interface ProcStatus {
  /** Thread name, raw. */
  name: ByteString;
  /** One letter: R S D Z T t X I. */
  state: string;
  tgid: number;
  ppid: number;
  /** Real user id. */
  uid: number;
  euid: number;
  /** Saved user id. */
  savedUid: number;
  /** Slots of the descriptor table; 0 for a zombie. */
  fdSize: number;
  threads: number;
  /** The pid in each nested pid namespace, outermost first; empty before Linux 4.1. */
  nsPids: number[];
  /** Caught signals: bit N-1 is signal N. */
  sigCgt: bigint;
}

/** Null when a field is missing or malformed, NSpid aside: a defaulted SigCgt would be a false "this signal kills it". */
export function parseStatus(text: ByteString): ProcStatus | null {
  const name = text.startsWith('Name:\t') ? text.slice(6, Math.max(6, text.indexOf('\n'))) : undefined;
  const state = fieldOf(text, '\nState:')?.charAt(0);
  const sigCgt = fieldOf(text, '\nSigCgt:') ?? '';
  if (name === undefined || state === undefined || !/^[A-Za-z]$/.test(state) || !/^[0-9a-f]{1,32}$/i.test(sigCgt)) return null;
  const uids = fieldOf(text, '\nUid:')?.split('\t');
  const nsPids = fieldOf(text, '\nNSpid:');
  const status: ProcStatus = {
    name: name.includes('\\') ? unescapeName(name) : name,
    state,
    tgid: numberOf(text, '\nTgid:'),
    ppid: numberOf(text, '\nPPid:'),
    uid: parseNumber(uids?.[0] ?? ''),
    euid: parseNumber(uids?.[1] ?? ''),
    savedUid: parseNumber(uids?.[2] ?? ''),
    fdSize: numberOf(text, '\nFDSize:'),
    threads: numberOf(text, '\nThreads:'),
    nsPids: nsPids === undefined ? [] : words(nsPids).map((word) => parseNumber(word)),
    sigCgt: BigInt(`0x${sigCgt}`),
  };
  const { tgid, ppid, uid, euid, savedUid, fdSize, threads } = status;
  const isWhole = Math.min(tgid, ppid, uid, euid, savedUid, fdSize, threads, ...status.nsPids) >= 0;
  return isWhole ? status : null;
}

/**
 * Where the value of a key starts, -1 without it. The key is given with the newline before it: put together here it would cost more
 * than the search. Exactly one tab: a value may begin with white space of its own.
 */
function startOf(text: ByteString, key: string): number {
  const at = text.indexOf(key);
  return at >= 0 && text.charCodeAt(at + key.length) === TAB ? at + key.length + 1 : -1;
}

/** A line without its newline is cut off and not trusted. */
function fieldOf(text: ByteString, key: string): ByteString | undefined {
  const at = startOf(text, key);
  const end = at < 0 ? -1 : text.indexOf('\n', at);
  return end < 0 ? undefined : text.slice(at, end);
}

function numberOf(text: ByteString, key: string): number {
  const at = startOf(text, key);
  return at < 0 ? -1 : parseNumber(text, at, text.indexOf('\n', at));
}

/** The kernel writes newline and backslash of a name as `\n` and `\\`, and nothing else. */
function unescapeName(name: ByteString): ByteString {
  return name.replace(/\\([n\\])/g, (_, char: string) => (char === 'n' ? '\n' : '\\'));
}
